"""The server on a unix socket and on a port, its start-up time, its log."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.hub import HubServer


def test_serves_on_a_unix_socket_and_logs_each_request(store: AssetStore, tmp_path: Path) -> None:
    socket, log = tmp_path / "hub.sock", tmp_path / "hub.jsonl"
    with HubServer(store, socket=socket, log=log) as hub:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://hub") as client:
            assert client.get("/owner/tiny/resolve/main/config.json").json() == {"model_type": "tiny"}
            client.get("/api/models/nowhere/nothing")
        assert [request.provided for request in hub.requests] == ["stand-in", "missing"]
    assert [json.loads(line)["repo"] for line in log.read_text().splitlines()] == ["owner/tiny", "nowhere/nothing"]
    assert not socket.exists()


def test_two_servers_keep_their_records_apart(store: AssetStore) -> None:
    with HubServer(store, port=0) as first, HubServer(store, port=0) as second:
        httpx.get(f"{first.url}/api/models/owner/tiny")
        assert (len(first.requests), len(second.requests)) == (1, 0)


def test_starts_in_under_50_ms_and_stops_with_a_connection_open(store: AssetStore) -> None:
    with HubServer(store, port=0):
        pass
    took = []
    for _ in range(3):
        began = time.perf_counter()
        with HubServer(store, port=0) as hub:
            took.append(time.perf_counter() - began)
            client = httpx.Client()
            client.get(f"{hub.url}/api/models/owner/tiny")
    assert min(took) < 0.05


def test_serving_adds_under_5_ms_a_request(store: AssetStore) -> None:
    with HubServer(store, port=0) as hub, httpx.Client() as client:
        client.get(f"{hub.url}/owner/tiny/resolve/main/config.json")
        for _ in range(50):
            client.head(f"{hub.url}/owner/tiny/resolve/main/config.json")
        spent = sorted(request.seconds for request in hub.requests[1:])
    assert spent[len(spent) // 2] < 0.005


def test_an_address_in_use_is_an_infrastructure_error(store: AssetStore) -> None:
    with HubServer(store, port=0) as hub:
        taken = int(hub.url.rsplit(":", 1)[1])
        with pytest.raises(InfrastructureError, match=str(taken)), HubServer(store, port=taken):
            pass
