"""What the mock takes in is bounded: bodies by size and number, the store by text, uploads by address."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from wandb_http import UPSERT, Caller

from sandbox import recording
from sandbox.wandb_mock import WandbServer, bodies, filestream, requests
from sandbox.wandb_mock.app import ANSWERS_AT_ONCE
from sandbox.wandb_mock.bodies import Bodies
from sandbox.wandb_mock.refusal import RefusedError

STREAM = "/files/team/demo/one/file_stream"
GZIP = {"content-encoding": "gzip"}
ANNOUNCE = """
mutation F($run: String!) { createRunFiles(input: {entityName: "team", projectName: "demo", runName: $run,
  files: ["a.bin"]}) { files { name uploadUrl } } }
"""


def test_json_beyond_its_bound_is_refused_and_recorded(
    server: WandbServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.begin()
    monkeypatch.setattr(bodies, "MAX_JSON", 1000)
    long = json.dumps({"files": {"output.log": {"offset": 0, "content": ["x" * 1000]}}}).encode()
    assert caller.http.post(STREAM, content=long).status_code == 413
    assert caller.http.post(STREAM, content=gzip.compress(long), headers=GZIP).status_code == 413
    assert caller.stream(rows=[{"x": 1}]).status_code == 200
    assert [(call.kind, call.status) for call in server.calls[-3:]] == [
        ("file_stream", 413),
        ("file_stream", 413),
        ("file_stream", 200),
    ]
    assert server.problems == []


def test_a_bomb_is_not_inflated_beyond_the_bound(caller: Caller) -> None:
    caller.begin()
    bomb = gzip.compress(bytes(bodies.MAX_JSON + 1))
    assert len(bomb) < 100_000
    assert caller.http.post(STREAM, content=bomb, headers=GZIP).status_code == 413


def test_files_may_be_larger_than_json_and_come_back_whole(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    caller.begin()
    (file,) = caller.data(ANNOUNCE, run="one")["createRunFiles"]["files"]
    address = "/storage/runs/1/a.bin"
    assert file["uploadUrl"].endswith(address)
    monkeypatch.setattr(bodies, "MAX_JSON", 1000)
    content = bytes(range(256)) * 2**13
    assert caller.http.put(address, content=content).status_code == 200
    assert caller.http.get(address).content == content
    monkeypatch.setattr(bodies, "MAX_UPLOAD", len(content))
    assert caller.http.put(address, content=content + b"x").status_code == 413
    assert caller.http.get(address).headers["content-length"] == str(len(content))


@pytest.mark.parametrize(
    "address",
    [
        "content/d41d8cd98f00b204e9800998ecf8427e",
        "content/x",
        "artifacts/1/a.txt",
        "manifests/1",
        "runs/2/a.txt",
        "runs/one/a.txt",
        "runs/1/",
        "other/1",
    ],
)
def test_uploads_go_only_where_they_were_told_to(caller: Caller, address: str) -> None:
    caller.begin()
    assert caller.http.put(f"/storage/{address}", content=b"x").status_code == 404
    assert caller.http.get(f"/storage/{address}").status_code == 404


def test_a_store_full_of_text_takes_no_more_and_still_answers(
    server: WandbServer, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.begin()
    monkeypatch.setattr(requests, "MAX_TEXT", 1)
    assert caller.stream(rows=[{"x": 1}]).status_code == 200, "only what is under review has this bound"
    with WandbServer(tmp_path / "store.db", port=0, bounded=True) as bounded, Caller(bounded) as under_review:
        _is_full(under_review)
    bounded.close()


def _is_full(caller: Caller) -> None:
    assert caller.stream(rows=[{"x": 2}], offset=1).status_code == 413
    assert caller.graphql(UPSERT, name="two", project="demo", entity="team").status_code == 413
    assert caller.data("{ viewer { entity } }") == {"viewer": {"entity": "reviewed"}}


def test_uploads_are_no_text(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    before = server.store.database.text_size()
    server.store.files.put_blob("runs/1/a", 10**6, [bytes(10**6)])
    assert server.store.database.text_size() - before < 50_000


def test_more_console_output_than_is_kept_is_no_mistake(
    server: WandbServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.begin()
    monkeypatch.setattr(filestream, "MAX_OUTPUT", 5)
    for offset in (0, 1):
        chunk = {"output.log": {"offset": offset, "content": ["line 1"]}}
        assert caller.http.post(STREAM, json={"files": chunk}).status_code == 200
    assert server.store.lines.count(1, "output") == 1


def _request(*chunks: bytes, **headers: str) -> Any:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
            await asyncio.sleep(0)

    return SimpleNamespace(stream=stream, headers=headers)


@pytest.mark.parametrize(("size", "together"), [(bodies.SMALL, 5), (bodies.SMALL + 1, 1)])
def test_large_json_is_received_one_at_a_time(size: int, together: int) -> None:
    here, most = 0, 0

    async def receive(of: Bodies) -> None:
        nonlocal here, most
        async with of.receive(_request(bytes(size)), is_file=False) as body:
            here, most = here + 1, max(most, here + 1)
            await asyncio.sleep(0.01)
            assert len(body.read()) == size
            here -= 1

    async def all_at_once() -> None:
        of = Bodies()
        await asyncio.gather(*(receive(of) for _ in range(5)))

    asyncio.run(all_at_once())
    assert most == together


def test_a_body_that_was_refused_leaves_the_turn_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_JSON", bodies.SMALL + 1)

    async def one_after_the_other() -> None:
        of = Bodies()
        for _ in range(2):
            with pytest.raises(RefusedError):
                async with of.receive(_request(bytes(bodies.SMALL + 1), b"x"), is_file=False):
                    pass

    asyncio.run(asyncio.wait_for(one_after_the_other(), 5))


def test_long_answers_come_one_after_the_other_and_none_is_lost(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    caller.stream(rows=[{"_step": step, "text": "x" * 1000} for step in range(600)])
    query = '{ project(name: "demo", entityName: "team") { run(name: "one") { history(samples: 600) } } }'

    def ask(_: int) -> int:
        with Caller(server) as own:
            return len(own.data(query)["project"]["run"]["history"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(12))) == [600] * 12


def test_answers_that_nobody_reads_do_not_pile_up(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    caller.stream(rows=[{"_step": step, "text": "x" * 4000} for step in range(6000)])
    query = '{ project(name: "demo", entityName: "team") { run(name: "one") { history(samples: 6000) } } }'
    body = json.dumps({"query": query}).encode()
    host = server.url.removeprefix("http://")
    head = f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {'k' * 40}\r\nContent-Length: {len(body)}"
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            address, _, port = host.partition(":")
            deaf = stack.enter_context(socket.create_connection((address, int(port))))
            deaf.sendall(head.encode() + b"\r\n\r\n" + body)
        give_up = time.monotonic() + 30
        while _asked(server) < 1 + ANSWERS_AT_ONCE and time.monotonic() < give_up:
            time.sleep(0.05)
        time.sleep(0.5)
        assert _asked(server) == 1 + ANSWERS_AT_ONCE
    assert caller.data("{ viewer { entity } }") == {"viewer": {"entity": "reviewed"}}


def _asked(server: WandbServer) -> int:
    return len([call for call in server.calls if call.kind == "graphql"])


def test_the_record_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    recorder: recording.Recorder[Asset] = recording.Recorder(log, 1000)
    for _ in range(100):
        recorder.add(Asset("x" * 80))
    assert 9 <= len(recorder.requests()) == len(log.read_text().splitlines()) <= 11


@dataclass
class Asset:
    name: str
