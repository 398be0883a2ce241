"""The network as a source: fetched once by the host, served to the sandbox, and honest when there is none."""

from __future__ import annotations

from pathlib import Path

from hub_fakes import FILES
from huggingface_hub import snapshot_download
from starlette.testclient import TestClient

from images.catalogue import Catalogue
from runner.hub_requests import summarise
from runner.vocabulary import Provided as Told
from sandbox.hub import HubServer, Provided
from sandbox.hub.app import hub_app
from sandbox.mirror import Live, Mirror
from sandbox.mirror.remote import Remote
from sandbox.recording import Recorder


def test_a_client_gets_what_the_real_hub_has(
    real_hub: HubServer, root: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    live = Live(Mirror(root, catalogue), Remote(real_hub.url))
    with HubServer(live, port=0) as hub:
        got = Path(snapshot_download("tiny-model", cache_dir=tmp_path / "client", endpoint=hub.url, token=False))
        assert {p.relative_to(got).as_posix(): p.read_bytes() for p in got.rglob("*") if p.is_file()} == FILES
        assert {request.provided for request in hub.requests} == {Provided.LIVE}
        (line,) = summarise(hub.requests, live)
        assert (line.id, line.provided, line.real_sizes) == ("owner/tiny", Told.LIVE, [])
    asset = Mirror(root, catalogue).find("model", "owner/tiny")
    assert asset is not None, "what was fetched stays in the mirror"


def test_a_file_is_fetched_when_its_content_is_wanted_and_once(
    real_hub: HubServer, root: Path, catalogue: Catalogue
) -> None:
    client = TestClient(hub_app(Live(Mirror(root, catalogue), Remote(real_hub.url)), Recorder(None)))
    assert client.head("/owner/tiny/resolve/main/model.safetensors").headers["content-length"] == "1024"
    assert not any(request.method == "GET" and request.action == "resolve" for request in real_hub.requests)
    for _ in range(2):
        assert client.get("/owner/tiny/resolve/main/model.safetensors").content == FILES["model.safetensors"]
    fetched = [request for request in real_hub.requests if request.method == "GET" and request.action == "resolve"]
    assert [request.path for request in fetched] == ["model.safetensors"]


def test_what_a_part_was_fetched_of_is_not_taken_for_whole(
    real_hub: HubServer, root: Path, catalogue: Catalogue
) -> None:
    client = TestClient(hub_app(Live(Mirror(root, catalogue), Remote(real_hub.url)), Recorder(None)))
    assert client.get("/owner/tiny/resolve/main/config.json").status_code == 200
    recorder = Recorder(None)
    later = TestClient(hub_app(Mirror(root, catalogue), recorder))
    assert later.get("/owner/tiny/resolve/main/config.json").status_code == 200
    later.get("/owner/tiny/resolve/main/model.safetensors")
    assert recorder.requests()[-1].provided is Provided.MISSING


def test_ids_that_the_real_hub_does_not_show_are_missing_and_impossible_ones_nonexistent(
    real_hub: HubServer, root: Path, catalogue: Catalogue
) -> None:
    recorder = Recorder(None)
    client = TestClient(hub_app(Live(Mirror(root, catalogue), Remote(real_hub.url)), recorder))
    assert client.get("/api/models/no/such").status_code == 401
    assert recorder.requests()[-1].provided is Provided.MISSING
    assert "private" in recorder.requests()[-1].detail
    client.get("/api/models/Llama-2-7B")
    assert recorder.requests()[-1].provided is Provided.NONEXISTENT


def test_no_network_is_missing_with_a_reason(root: Path, catalogue: Catalogue) -> None:
    live = Live(Mirror(root, catalogue), Remote("http://127.0.0.1:9"))
    recorder = Recorder(None)
    TestClient(hub_app(live, recorder)).get("/owner/tiny/resolve/main/config.json")
    (line,) = summarise(recorder.requests(), live)
    assert (line.provided, line.reason) == (Told.MISSING, "missing")
    assert "http://127.0.0.1:9" in line.detail and "assets=mirror" in line.detail


def test_the_token_opens_what_is_gated_and_stays_on_the_host(
    real_hub: HubServer, root: Path, catalogue: Catalogue
) -> None:
    path = "/owner/locked/resolve/main/config.json"
    without = TestClient(hub_app(Live(Mirror(root / "a", catalogue), Remote(real_hub.url)), Recorder(None)))
    assert without.get(path).status_code == 401
    with_token = TestClient(hub_app(Live(Mirror(root / "b", catalogue), Remote(real_hub.url, "hf_q")), Recorder(None)))
    answer = with_token.get(path)
    assert answer.status_code == 200
    assert "hf_q" not in str(answer.headers)
    assert not any("hf_q" in p.read_text("utf-8", "replace") for p in root.rglob("*") if p.is_file())
