"""What the endpoint answers, and what it records of it."""

from __future__ import annotations

import pytest
from hub_fakes import FILES
from starlette.testclient import TestClient

from sandbox.assets import AssetStore
from sandbox.hub.app import hub_app
from sandbox.hub.record import HubRequest, Provided
from sandbox.recording import Recorder

TOKEN = {"Authorization": "Bearer hf_token"}


class Hub:
    """The application without a network, and its record."""

    def __init__(self, store: AssetStore) -> None:
        self.recorder = Recorder(None)
        self.client = TestClient(hub_app(store, self.recorder), follow_redirects=False)

    @property
    def last(self) -> HubRequest:
        return self.recorder.requests()[-1]


@pytest.fixture
def hub(store: AssetStore) -> Hub:
    return Hub(store)


def test_head_tells_size_commit_and_tag(hub: Hub) -> None:
    answer = hub.client.head("/owner/tiny/resolve/main/config.json")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(FILES["config.json"]))
    assert len(answer.headers["x-repo-commit"]) == 40
    assert answer.headers["etag"] == '"' + "cd" * 20 + '"'
    assert hub.last.provided is Provided.STANDIN


def test_large_files_carry_linked_headers(hub: Hub) -> None:
    answer = hub.client.head("/owner/tiny/resolve/main/model.safetensors")
    assert answer.headers["x-linked-etag"] == '"' + "ab" * 32 + '"'
    assert answer.headers["x-linked-size"] == "1024"


def test_ranges(hub: Hub) -> None:
    answer = hub.client.get("/owner/tiny/resolve/main/model.safetensors", headers={"Range": "bytes=256-259"})
    assert answer.status_code == 206
    assert answer.content == bytes(range(4))
    assert answer.headers["content-range"] == "bytes 256-259/1024"
    beyond = hub.client.get("/owner/tiny/resolve/main/model.safetensors", headers={"Range": "bytes=5000-"})
    assert beyond.status_code == 416


def test_missing_file_and_missing_revision_have_their_codes(hub: Hub) -> None:
    entry = hub.client.head("/owner/tiny/resolve/main/nothing.bin")
    assert (entry.status_code, entry.headers["x-error-code"]) == (404, "EntryNotFound")
    assert "x-repo-commit" in entry.headers
    revision = hub.client.get("/api/models/owner/tiny/revision/no-such-branch")
    assert (revision.status_code, revision.headers["x-error-code"]) == (404, "RevisionNotFound")
    assert hub.last.provided is Provided.STANDIN


def test_any_commit_id_is_served_under_its_own_name(hub: Hub) -> None:
    pinned = "5" * 40
    answer = hub.client.head(f"/owner/tiny/resolve/{pinned}/config.json")
    assert answer.headers["x-repo-commit"] == pinned


def test_short_names_are_redirected_by_a_relative_address(hub: Hub) -> None:
    answer = hub.client.head("/tiny-model/resolve/main/config.json")
    assert (answer.status_code, answer.headers["location"]) == (307, "/owner/tiny/resolve/main/config.json")
    assert (hub.last.repo, hub.last.canonical) == ("tiny-model", "owner/tiny")
    queried = hub.client.get("/api/datasets/rows/tree/main?recursive=true")
    assert queried.headers["location"] == "/api/datasets/owner/rows/tree/main?recursive=true"


def test_an_id_with_a_quoted_slash_is_redirected_once(hub: Hub) -> None:
    answer = hub.client.get("/api/models/Owner%2FTiny/revision/refs%2Fpr%2F1?blobs=true")
    assert answer.headers["location"] == "/api/models/owner/tiny/revision/refs%2Fpr%2F1?blobs=true"


def test_a_tree_in_pages_names_the_next_one(hub: Hub) -> None:
    asked, found = "/api/models/owner/tiny/tree/main?recursive=true&limit=2", []
    while asked:
        answer = hub.client.get(asked)
        found += [each["path"] for each in answer.json()]
        asked = answer.links.get("next", {}).get("url", "")
        assert asked.startswith("http://testserver/api/models/owner/tiny/tree/main?") or not asked
    assert found == ["sub", "sub/deep", "config.json", "model.safetensors", "sub/deep/notes.txt"]
    assert "link" not in hub.client.get("/api/models/owner/tiny/tree/main?recursive=true").headers


@pytest.mark.parametrize(
    ("repo", "provided"),
    [
        ("somebody/something", Provided.MISSING),
        ("old-name", Provided.MISSING),
        ("Qwen3-0.6B", Provided.NONEXISTENT),
        ("Llama-2-7B", Provided.NONEXISTENT),
    ],
)
def test_unknown_repositories_answer_401_and_are_told_apart_in_the_record(
    hub: Hub, repo: str, provided: Provided
) -> None:
    for path in (f"/{repo}/resolve/main/config.json", f"/api/models/{repo}"):
        answer = hub.client.get(path)
        assert (answer.status_code, answer.headers["x-error-code"]) == (401, "RepoNotFound")
        assert (hub.last.repo, hub.last.provided) == (repo, provided)
        assert hub.client.get(path, headers=TOKEN).status_code == 404


def test_gated_files_need_a_token_but_their_description_does_not(hub: Hub) -> None:
    refused = hub.client.head("/owner/locked/resolve/main/config.json")
    assert (refused.status_code, refused.headers["x-error-code"]) == (401, "GatedRepo")
    assert hub.last.provided is Provided.GATED
    assert hub.client.get("/api/models/owner/locked").json()["gated"] == "manual"
    assert hub.client.head("/owner/locked/resolve/main/config.json", headers=TOKEN).status_code == 200
    assert hub.last.provided is Provided.STANDIN


def test_a_failed_stand_in_is_a_500_of_ours(hub: Hub) -> None:
    answer = hub.client.get("/owner/broken/resolve/main/config.json")
    assert answer.status_code == 500
    assert "generator" not in answer.text
    assert hub.last.provided is Provided.INFRASTRUCTURE
    assert "the generator broke" in hub.last.detail


def test_description(hub: Hub) -> None:
    found = hub.client.get("/api/models/owner/tiny").json()
    assert (found["id"], found["author"], found["private"]) == ("owner/tiny", "owner", False)
    assert {each["rfilename"] for each in found["siblings"]} == set(FILES)
    blobs = hub.client.get("/api/models/owner/tiny/revision/main?blobs=true").json()["siblings"]
    assert {each["rfilename"]: each["size"] for each in blobs} == {k: len(v) for k, v in FILES.items()}


def test_tree_flat_recursive_and_missing(hub: Hub) -> None:
    flat = hub.client.get("/api/models/owner/tiny/tree/main").json()
    assert {(each["type"], each["path"]) for each in flat} == {
        ("directory", "sub"),
        ("file", "config.json"),
        ("file", "model.safetensors"),
    }
    deep = hub.client.get("/api/models/owner/tiny/tree/main/sub?recursive=true&expand=true").json()
    assert [each["path"] for each in deep] == ["sub/deep", "sub/deep/notes.txt"]
    assert "lastCommit" in deep[0]
    missing = hub.client.get("/api/models/owner/tiny/tree/main/additional_chat_templates")
    assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")


@pytest.mark.parametrize("form", [True, False])
def test_paths_info_takes_forms_and_json(hub: Hub, form: bool) -> None:
    asked = {"paths": ["config.json", "sub", "nothing"], "expand": True}
    sent = {"data": asked} if form else {"json": asked}
    found = hub.client.post("/api/models/owner/tiny/paths-info/main", **sent).json()
    assert [(each["type"], each["path"]) for each in found] == [("file", "config.json"), ("directory", "sub")]


def test_who_am_i(hub: Hub) -> None:
    assert hub.client.get("/api/whoami-v2").status_code == 401
    assert hub.client.get("/api/whoami-v2", headers=TOKEN).json()["type"] == "user"
    assert hub.last.provided is Provided.SERVICE


def test_telemetry_and_lists(hub: Hub) -> None:
    assert hub.client.head("/api/telemetry/client/load").status_code == 200
    assert [each["id"] for each in hub.client.get("/api/models?search=tiny").json()] == ["owner/tiny"]
    assert hub.client.get("/api/no-such-thing").status_code == 404


def test_odd_requests_do_no_harm(hub: Hub) -> None:
    for path in ("/owner/tiny/resolve/main/../../../manifest.json", "/owner/tiny/resolve/main/%2e%2e%2fmanifest.json"):
        assert hub.client.get(path).status_code in (401, 404)
    assert hub.client.post("/api/models/owner/tiny/paths-info/main", content=b"\xff\x00[").json() == []
    assert hub.client.get("/api/models/owner/tiny/tree/main?limit=x&cursor=-1").status_code == 200
