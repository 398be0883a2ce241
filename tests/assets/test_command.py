"""`sandbox-review assets`, as somebody types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from hub_fakes import FILES

from runner import cli
from sandbox.hub import HubServer


def assets(*words: str, cache: Path, endpoint: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "SANDBOX_REVIEW_CACHE": str(cache), "HF_ENDPOINT": endpoint}
    return subprocess.run(
        [sys.executable, "-m", "runner.cli", "assets", *words],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=environment | {"HOME": str(cache), "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
    )


def test_adding_by_id_listing_and_showing(real_hub: HubServer, tmp_path: Path) -> None:
    added = assets("add", "tiny-model", "--json", cache=tmp_path, endpoint=real_hub.url)
    assert added.returncode == 0, added.stderr
    (found,) = json.loads(added.stdout)
    assert (found["id"], found["files"], found["bytes"]) == ("owner/tiny", 3, sum(map(len, FILES.values())))
    assert Path(found["folder"]) == tmp_path / "mirror" / "models--owner--tiny"
    listed = json.loads(assets("list", "--json", cache=tmp_path).stdout)
    assert [each["from"] for each in listed if each["id"] == "owner/tiny"] == [["mirror"]]
    (shown,) = json.loads(assets("show", "owner/tiny", "--json", cache=tmp_path).stdout)
    assert shown["mirror"] == found["folder"]


def test_adding_a_data_set_and_a_metric(real_hub: HubServer, tmp_path: Path) -> None:
    for name, kind, folder in (
        ("owner/rows", "dataset", "datasets--owner--rows"),
        ("evaluate-metric/score", "metric", "spaces--evaluate-metric--score"),
    ):
        words = ("add", name, "--kind", kind, "--mirror", str(tmp_path / "m"))
        done = assets(*words, cache=tmp_path, endpoint=real_hub.url)
        assert done.returncode == 0, done.stderr
        assert f"assets.mirror={tmp_path / 'm'}" in done.stdout
        assert (tmp_path / "m" / folder / "refs" / "main").is_file()


def test_an_asset_of_both_is_listed_with_both(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "config.json").write_text("{}")
    done = assets("add", "--from", str(copy), "--id", "gpt2", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    listed = json.loads(assets("list", "--json", cache=tmp_path).stdout)
    assert [each["from"] for each in listed if each["id"] == "openai-community/gpt2"] == [["mirror", "stand-in"]]


def test_no_network_says_what_where_and_what_next(tmp_path: Path) -> None:
    done = assets("add", "gpt2", cache=tmp_path)
    assert done.returncode == 3
    assert "http://127.0.0.1:9" in done.stderr and "gpt2" in done.stderr and "--from DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_words_that_cannot_be_used_end_with_2(tmp_path: Path, capsys: object) -> None:
    assert cli.main(["assets", "add", "--mirror", str(tmp_path)]) == 2
    assert cli.main(["assets", "add", "gpt2", "--from", str(tmp_path), "--mirror", str(tmp_path)]) == 2
    assert cli.main(["assets", "add", "--from", str(tmp_path / "none"), "--mirror", str(tmp_path)]) == 2
    assert cli.main(["assets", "show", "nobody/nothing", "--mirror", str(tmp_path)]) == 2


def test_prune_says_how_many(tmp_path: Path) -> None:
    assert assets("prune", cache=tmp_path).stdout == "0 stand-ins removed\n"
