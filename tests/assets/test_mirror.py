"""A directory of real assets: what is read from it, what is served, what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hub_fakes import FILES
from huggingface_hub import snapshot_download
from starlette.testclient import TestClient

from images.catalogue import Catalogue
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.hub import HubServer, Provided
from sandbox.hub.app import hub_app
from sandbox.layers import Layers
from sandbox.mirror import Mirror
from sandbox.mirror.download import download
from sandbox.mirror.remote import Remote
from sandbox.mirror.take_in import FolderError, take_in
from sandbox.recording import Recorder
from sandbox.repository import NotServedError


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    (folder / "sub").mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "own"}')
    (folder / "sub" / "weights.bin").write_bytes(b"w" * (11 * 2**20))
    (folder / "README.md").write_text("---\nlicense: mit\ndate: 2020-01-01\n---\n# Own\n")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    return folder


def test_a_downloaded_repository_is_served_as_it_was(
    real_hub: HubServer, root: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    found = download("model", "tiny-model", root, remote=Remote(real_hub.url))
    assert (found.id, found.files) == ("owner/tiny", len(FILES))
    with HubServer(Mirror(root, catalogue), port=0) as hub:
        got = Path(snapshot_download("tiny-model", cache_dir=tmp_path / "client", endpoint=hub.url, token=False))
        assert {p.relative_to(got).as_posix(): p.read_bytes() for p in got.rglob("*") if p.is_file()} == FILES
        assert {request.provided for request in hub.requests} == {Provided.MIRROR}
    blobs = {path.name for path in (root / "models--owner--tiny" / "blobs").iterdir()}
    assert "ab" * 32 in blobs, "large files keep the name that the hub gave them"


def test_a_second_download_fetches_nothing_again(real_hub: HubServer, root: Path) -> None:
    download("model", "owner/tiny", root, remote=Remote(real_hub.url))
    before = len([r for r in real_hub.requests if r.method == "GET" and r.action == "resolve"])
    download("model", "owner/tiny", root, remote=Remote(real_hub.url))
    assert len([r for r in real_hub.requests if r.method == "GET" and r.action == "resolve"]) == before == len(FILES)


def test_files_that_were_left_out_are_missing_and_not_denied(
    real_hub: HubServer, root: Path, catalogue: Catalogue
) -> None:
    download("model", "owner/tiny", root, exclude=["*.safetensors"], remote=Remote(real_hub.url))
    recorder = Recorder(None)
    client = TestClient(hub_app(Mirror(root, catalogue), recorder))
    assert client.get("/owner/tiny/resolve/main/model.safetensors").status_code == 500
    assert recorder.requests()[-1].provided is Provided.MISSING
    assert "model.safetensors" in recorder.requests()[-1].detail
    assert client.get("/owner/tiny/resolve/main/nothing.txt").status_code == 404
    assert recorder.requests()[-1].provided is Provided.MIRROR


def test_a_plain_folder_is_taken_in(plain: Path, root: Path, catalogue: Catalogue) -> None:
    (taken,) = take_in(plain, root, None, "own/model")
    assert (taken.kind, taken.id, taken.files) == ("model", "own/model", 3)
    client = TestClient(hub_app(Mirror(root, catalogue), Recorder(None)))
    large = client.head("/own/model/resolve/main/sub/weights.bin")
    assert large.headers["x-linked-etag"].strip('"') == hashlib.sha256(b"w" * (11 * 2**20)).hexdigest()
    part = client.get("/own/model/resolve/main/sub/weights.bin", headers={"Range": "bytes=5-8"})
    assert (part.status_code, part.content) == (206, b"wwww")
    described = client.get("/api/models/own/model").json()
    assert described["cardData"] == {"license": "mit", "date": "2020-01-01"}
    assert len(client.get("/api/models/own/model/tree/main?recursive=true").json()) == 4
    assert client.get("/api/models/own/model/refs").json()["branches"][0]["name"] == "main"


def test_a_cache_of_the_clients_is_taken_in_whole(real_hub: HubServer, root: Path, tmp_path: Path) -> None:
    cache = tmp_path / "hub-cache"
    for name, kind in (("owner/tiny", "model"), ("owner/rows", "dataset"), ("evaluate-metric/score", "space")):
        snapshot_download(name, repo_type=kind, cache_dir=cache, endpoint=real_hub.url, token=False)
    taken = take_in(cache, root, None, None)
    assert {(each.kind, each.id) for each in taken} == {
        ("model", "owner/tiny"),
        ("dataset", "owner/rows"),
        ("metric", "evaluate-metric/score"),
    }
    with pytest.raises(FolderError, match="owner/rows"):
        take_in(cache, root, None, "owner/other")


def test_a_plain_folder_needs_an_id(plain: Path, root: Path) -> None:
    with pytest.raises(FolderError, match="--id"):
        take_in(plain, root, None, None)


def test_links_that_leave_are_refused(plain: Path, root: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    take_in(plain, root, None, "own/model")
    (snapshot,) = (root / "models--own--model" / "snapshots").iterdir()
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to(secret)
    recorder = Recorder(None)
    client = TestClient(hub_app(Mirror(root, catalogue), recorder))
    answer = client.get("/own/model/resolve/main/config.json")
    assert (answer.status_code, "secret" in answer.text) == (500, False)
    assert recorder.requests()[-1].provided is Provided.INFRASTRUCTURE
    assert "leaves the mirror" in recorder.requests()[-1].detail
    (plain / "more.txt").symlink_to(secret)
    with pytest.raises(InfrastructureError, match="leaves"):
        take_in(plain, root, None, "own/other")


def test_names_lead_to_the_mirror_in_any_spelling(plain: Path, root: Path, catalogue: Catalogue) -> None:
    take_in(plain, root, None, "tiny-model")
    mirror = Mirror(root, catalogue)
    for name in ("tiny-model", "owner/tiny", "Owner/Tiny"):
        found = mirror.find("model", name)
        assert found is not None and found.id == "owner/tiny"
    assert mirror.find("dataset", "owner/tiny") is None
    assert mirror.repository(found).provided is Provided.MIRROR
    take_in(plain, root, None, "own/later")
    assert mirror.find("model", "own/later") is not None, "a mirror that grows is read anew"


def test_a_revision_that_was_not_downloaded_is_missing(plain: Path, root: Path, catalogue: Catalogue) -> None:
    take_in(plain, root, None, "own/model")
    mirror = Mirror(root, catalogue)
    asset = mirror.find("model", "own/model")
    assert asset is not None
    repository = mirror.repository(asset)
    main = repository.revision("main")
    assert main is not None and repository.revision(main.sha[:8]) is main
    with pytest.raises(NotServedError, match="v2"):
        repository.revision("v2")


def test_layers_say_of_each_asset_where_it_came_from(plain: Path, root: Path, store: AssetStore) -> None:
    take_in(plain, root, None, "owner/tiny")
    layers = Layers([Mirror(root, store.catalogue), store])
    tiny, rows = layers.find("model", "tiny-model"), layers.find("dataset", "rows")
    assert tiny is not None and rows is not None
    assert (layers.provided(tiny), layers.provided(rows)) == (Provided.MIRROR, Provided.STANDIN)
    assert "config.json" in layers.repository(tiny).revisions["main"].by_path
    assert layers.fingerprint(tiny) != store.fingerprint(tiny)
    assert layers.fingerprint(rows) == store.fingerprint(rows)
    assert layers.find("model", "no/such") is None


def test_gated_stays_gated(real_hub: HubServer, root: Path, catalogue: Catalogue) -> None:
    download("model", "owner/locked", root, remote=Remote(real_hub.url, "hf_x"))
    assert json.loads((root / "models--owner--locked" / "sandbox-review.json").read_text())["gated"] is True
    client = TestClient(hub_app(Mirror(root, catalogue), Recorder(None)))
    assert client.get("/owner/locked/resolve/main/config.json").status_code == 401
    token = {"Authorization": "Bearer t"}
    assert client.get("/owner/locked/resolve/main/config.json", headers=token).status_code == 200


def test_a_refused_download_says_what_to_do(real_hub: HubServer, root: Path) -> None:
    with pytest.raises(NotServedError, match="gated.*HF_TOKEN"):
        download("model", "owner/locked", root, remote=Remote(real_hub.url))
    with pytest.raises(NotServedError, match="no model no/such"):
        download("model", "no/such", root, remote=Remote(real_hub.url))
