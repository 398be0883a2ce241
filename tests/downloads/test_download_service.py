"""The store and the service, asked by a plain HTTP client."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from download_fakes import FakeMaker

from runner.downloads import named_downloads, summarise_downloads
from runner.prefetch import Prefetch
from runner.submissions.model import Submission
from runner.vocabulary import Provided
from sandbox.downloads import DownloadServer, DownloadStore
from sandbox.downloads import Provided as Answered
from sandbox.mirror import Mirror


@pytest.fixture
def server(store: DownloadStore, tmp_path: Path) -> Iterator[DownloadServer]:
    with DownloadServer(store, port=0, log=tmp_path / "log.jsonl") as running:
        yield running


def get(server: DownloadServer, address: str, **headers: str) -> httpx.Response:
    return httpx.get(f"{server.url}/https/{address}", headers=headers)


def test_a_file_is_served_whole_in_parts_and_by_its_head(server: DownloadServer) -> None:
    whole = get(server, "data.example/v1/a.gz")
    assert whole.content == b"a.gz" * 100
    part = get(server, "data.example/v1/a.gz", Range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"a.gz")
    head = httpx.head(f"{server.url}/https/data.example/v1/a.gz")
    assert (head.content, head.headers["content-length"]) == (b"", "400")


def test_mirrors_and_both_schemes_serve_one_stand_in(server: DownloadServer, maker: FakeMaker) -> None:
    assert get(server, "mirror.example/a.gz").content == get(server, "data.example/v1/a.gz").content
    assert httpx.get(f"{server.url}/http/data.example/v1/a.gz").status_code == 200
    assert maker.made == ["lib:Rows"]


def test_a_query_counts_only_where_the_catalogue_has_it(server: DownloadServer) -> None:
    assert get(server, "data.example/v1/a.gz?download=1").status_code == 200
    assert get(server, "code.example/l?page=1").content == b"l" * 100
    assert get(server, "code.example/l?page=2").content == b"e" * 100
    assert get(server, "code.example/zip/v0.1").content == b"c.zip" * 100


def test_what_is_unknown_ignored_or_broken_is_refused_and_told_apart(server: DownloadServer, tmp_path: Path) -> None:
    addresses = (
        "data.example/other.gz",
        "eu.telemetry.example/x",
        "shared.example/counts/y",
        "nottelemetry.example/z",
        "data.example/broken.pth",
    )
    assert [get(server, each).status_code for each in addresses] == [421] * 5
    provided = [request.provided for request in server.requests]
    unknown = Answered.MISSING
    assert provided == [unknown, Answered.IGNORED, Answered.IGNORED, unknown, Answered.INFRASTRUCTURE]
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["detail"] == "the maker broke"


def test_credentials_do_not_get_into_the_record(server: DownloadServer) -> None:
    get(server, "user:secret@data.example/v1/a.gz")
    assert server.requests[0].id == "lib:Rows"
    assert "secret" not in server.requests[0].url


def test_sums_of_stand_ins_and_of_what_is_inside_are_known(server: DownloadServer, store: DownloadStore) -> None:
    def known(content: bytes) -> int:
        return httpx.get(f"{server.url}/made/{hashlib.md5(content).hexdigest()}").status_code

    assert known(b"inside") == 404
    store.prepare(["lib:Rows", "lib:NoSuch"])
    assert [known(content) for content in (b"inside", b"a.gz" * 100, b"else")] == [200, 200, 404]


def test_many_askers_wait_for_one_making(store: DownloadStore, maker: FakeMaker) -> None:
    asset = store.catalogue.get("lib:Net")
    assert asset is not None
    with ThreadPoolExecutor(8) as pool:
        assert len({str(ready.files) for ready in pool.map(store.ready, [asset] * 8)}) == 1
    assert maker.made == ["lib:Net"]


def test_a_review_names_what_was_asked_for(server: DownloadServer) -> None:
    for address in (
        "data.example/v1/a.gz",
        "data.example/v1/a.gz",
        "data.example/net.pth",
        "else.example/some.tar",
        "else.example/w.pth",
        "telemetry.example/t",
        "data.example/broken.pth",
        "github.com/owner/repo/zipball/main",
    ):
        get(server, address)
    lines = [
        (line.kind, line.id, line.provided, line.requests, line.reason) for line in summarise_downloads(server.requests)
    ]
    missing = Provided.MISSING
    assert lines == [
        ("dataset", "lib:Rows", Provided.STAND_IN, 2, ""),
        ("model", "lib:Net", Provided.STAND_IN, 1, ""),
        ("dataset", "https://else.example/some.tar", missing, 1, "missing"),
        ("model", "https://else.example/w.pth", missing, 1, "missing"),
        ("model", "lib:Broken", missing, 1, "infrastructure"),
        ("model", "https://github.com/owner/repo/zipball/main", missing, 1, "missing"),
    ]


def test_a_name_in_the_code_is_enough_to_prepare(store: DownloadStore, tmp_path: Path) -> None:
    assert named_downloads("data = datasets.Rows(root, download=True)", store) == ["lib:Rows"]
    assert named_downloads("rows = Rowset()", store) == []
    default = DownloadStore(tmp_path)
    code = "from torchvision.datasets import CIFAR10\nfrom nltk.corpus import stopwords"
    assert named_downloads(code, default) == ["nltk:nltk_data", "torchvision:CIFAR10"]


def test_facts_hold_text_where_yaml_reads_truth_values(tmp_path: Path) -> None:
    facts = DownloadStore(tmp_path).catalogue.get("nltk:nltk_data").facts  # type: ignore[union-attr]
    words = [word for group in facts["stopwords"].values() for word in group] + facts["punkt"]["abbreviations"]
    assert all(isinstance(word, str) for word in words)


def test_every_entry_of_the_catalogue_has_a_maker(tmp_path: Path) -> None:
    from images.downloads import catalogue

    makers = Path(catalogue.__file__).parent / "makers"
    for asset in DownloadStore(tmp_path).catalogue.assets():
        assert (makers / f"{asset.facts['maker']}.py").is_file(), asset.id
        assert asset.kind in ("model", "dataset", "code")
        assert all(not address.startswith("http") for address in asset.files)


def test_closing_kills_a_running_maker_and_begins_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program in the makers' place that notes its process id, then works for a minute."""
    pid = tmp_path / "pid"
    program = tmp_path / "launch.py"
    program.write_text(
        "import os, pathlib, sys, time\nsys.stdin.readline()\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    monkeypatch.setattr("sandbox.downloads.store.LAUNCHER", program)
    monkeypatch.setattr("images.runtime.ensure_runtime", lambda cache: Path(sys.executable))
    store = DownloadStore(tmp_path / "cache")
    names = ["torchvision:MNIST", "torchvision:FashionMNIST"]
    assert all(store.catalogue.get(name) for name in names)
    submission = Submission(id="s", source="t", files={"a.py": "MNIST FashionMNIST"}, runs=())
    prefetch = Prefetch(submission, Mirror(tmp_path / "mirror"), store)
    for _ in range(200):
        if pid.exists() and pid.read_text():
            break
        time.sleep(0.02)
    began = time.monotonic()
    prefetch.close()
    assert time.monotonic() - began < 5
    assert "stopped" in prefetch.problem
    assert not Path(f"/proc/{pid.read_text()}").exists()
    assert not list((tmp_path / "cache" / "downloads").glob("torchvision*"))


def test_stand_ins_of_former_catalogues_are_removed_once_nobody_used_them(
    store: DownloadStore, maker: FakeMaker, tmp_path: Path
) -> None:
    root = tmp_path / "cache" / "downloads"
    former, fresh = root / "lib--Rows-0123456789abcdef", root / "lib--Rows-fedcba9876543210"
    for folder in (former, fresh):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    long_ago = time.time() - 30 * 86400
    os.utime(former / "manifest.json", (long_ago, long_ago))
    store.prepare(["lib:Rows"])
    assert fresh.exists() and not former.exists()
    assert len(list(root.glob("lib--Rows-*/files"))) == 1
