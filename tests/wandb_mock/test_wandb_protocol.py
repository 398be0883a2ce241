"""The protocol as plain HTTP: keys, states, file stream, files, and what is refused."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from wandb_http import UPSERT, Caller

from sandbox.wandb_mock import WandbServer, requests

READ = (
    'query R($name: String!) { project(name: "demo", entityName: "team") { run(name: $name) { state exitcode %s } } }'
)


def test_a_key_is_needed(server: WandbServer) -> None:
    with Caller(server, key="") as nobody:
        assert nobody.data("query Viewer { viewer { id entity } }") == {"viewer": None}
        answer = nobody.graphql(UPSERT, name="one", project="demo", entity="team")
    assert answer.status_code == 401
    assert "not logged in" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("key", ["short", "x" * 39])
def test_a_key_of_the_wrong_length_is_refused(server: WandbServer, key: str) -> None:
    with Caller(server, key=key) as stranger:
        assert stranger.graphql("query Viewer { viewer { id } }").status_code == 401
        assert stranger.http.post("/files/team/demo/one/file_stream", json={}).status_code == 401


def test_a_server_with_its_own_keys_takes_no_others(tmp_path: Path) -> None:
    own = "k" * 40
    with WandbServer(tmp_path / "store.db", port=0, keys=[own]) as server:
        assert server.environment()["WANDB_API_KEY"] == own
        with Caller(server) as stranger, Caller(server, own) as friend:
            assert stranger.graphql("{ viewer { id } }").status_code == 401
            assert friend.data("{ viewer { entity } }") == {"viewer": {"entity": "reviewed"}}
    server.close()


def test_introspection_is_answered_by_the_schema(caller: Caller) -> None:
    found = caller.data('{ __type(name: "Query") { fields { name } } none: __type(name: "LaunchAgent") { name } }')
    assert {"viewer", "serverInfo", "project"} <= {field["name"] for field in found["__type"]["fields"]}
    assert found["none"] is None


def test_a_run_begins_once(caller: Caller) -> None:
    first, second = caller.begin(), caller.begin()
    assert (first["inserted"], second["inserted"]) == (True, False)
    assert first["bucket"]["id"] == second["bucket"]["id"]
    assert first["bucket"]["displayName"] != "one"


def test_the_file_stream_is_history_and_end(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    assert caller.stream(rows=[{"_step": 0, "x": 1}]).json()["stopped"] is False
    caller.stream(rows=[{"_step": 1, "x": 2}], offset=1, complete=True, exitcode=7)
    run = server.runs()[0]
    assert ([row["x"] for row in run.history], run.state, run.exit_code) == ([1, 2], "failed", 7)


def test_lines_sent_twice_are_kept_once(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    for _ in range(2):
        caller.stream(rows=[{"_step": 0, "x": 1}, {"_step": 1, "x": 2}])
    assert len(server.runs()[0].history) == 2


def test_a_gzipped_file_stream_is_read(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    body = gzip.compress(json.dumps({"files": {"wandb-summary.json": {"content": ['{"a": NaN}']}}}).encode())
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert caller.http.post("/files/team/demo/one/file_stream", content=body, headers=headers).status_code == 200
    assert server.runs()[0].summary == {"a": "NaN"}


def test_a_run_that_falls_silent_counts_as_crashed(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    query = READ % "running failed"
    assert caller.data(query, name="one")["project"]["run"]["state"] == "running"
    server.store.runs.update(1, heartbeat_at=1.0)
    assert caller.data(query, name="one")["project"]["run"] == {
        "state": "crashed",
        "exitcode": None,
        "running": False,
        "failed": True,
    }


def test_a_stopped_run_is_told(caller: Caller) -> None:
    node = caller.begin()["bucket"]["id"]
    caller.data("mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }", id=node)
    assert caller.stream().json()["stopped"] is True


def test_a_deleted_run_is_gone_and_its_id_is_spent(caller: Caller) -> None:
    node = caller.begin()["bucket"]["id"]
    caller.data("mutation D($id: ID!) { deleteRun(input: {id: $id}) { success } }", id=node)
    assert caller.data(READ % "id", name="one")["project"]["run"] is None
    answer = caller.graphql(UPSERT, name="one", project="demo", entity="team")
    assert answer.status_code == 409
    assert "previously created and deleted" in answer.text


@pytest.mark.parametrize(("field", "value"), [("name", "a/b"), ("project", "a:b"), ("name", "x" * 200)])
def test_names_that_the_server_does_not_take(caller: Caller, field: str, value: str) -> None:
    answer = caller.graphql(UPSERT, **{"name": "one", "project": "demo", "entity": "team", field: value})
    assert answer.status_code == 400
    assert "characters" in answer.json()["errors"][0]["message"]


def test_unknown_fields_are_refused_as_by_any_graphql_server(caller: Caller) -> None:
    answer = caller.graphql("query Q { viewer { shoeSize } }")
    assert answer.status_code == 400
    assert "Cannot query field 'shoeSize'" in answer.text


def test_unused_fields_of_newer_clients_are_left_out_if_null(caller: Caller) -> None:
    mutation = "mutation U($input: UpsertBucketInput!) { upsertBucket(input: $input) { inserted } }"
    given = {"name": "one", "modelName": "demo", "entityName": "team"}
    assert caller.graphql(mutation, input=given | {"shoeSize": None}).status_code == 200
    assert caller.graphql(mutation, input=given | {"shoeSize": 44}).status_code == 400


def test_files_go_up_and_down(caller: Caller) -> None:
    caller.begin()
    answer = caller.data(
        'mutation C { createRunFiles(input: {entityName: "team", projectName: "demo", runName: "one", '
        'files: ["a b/c.txt"]}) { files { name uploadUrl } } }'
    )
    url = answer["createRunFiles"]["files"][0]["uploadUrl"]
    assert httpx.put(url, content=b"content", trust_env=False).status_code == 200
    found = caller.data(READ % "files { edges { node { name sizeBytes directUrl md5 } } }", name="one")
    node = found["project"]["run"]["files"]["edges"][0]["node"]
    assert (node["name"], node["sizeBytes"]) == ("a b/c.txt", 7)
    assert httpx.get(node["directUrl"], trust_env=False).content == b"content"
    assert caller.http.get("/files/team/demo/one/a b/c.txt").content == b"content"


@pytest.mark.parametrize("address", ["/storage/elsewhere/x", "/storage/runs/99/x", "/storage/", "/files/a/b/c/d"])
def test_uploads_go_only_where_they_were_announced(caller: Caller, address: str) -> None:
    assert caller.http.put(address, content=b"x").status_code == 404


def test_pages_of_runs(caller: Caller) -> None:
    for number in range(5):
        caller.begin(f"run-{number}")
    query = (
        'query P($after: String) { project(name: "demo", entityName: "team") { '
        'runs(first: 2, after: $after, order: "+created_at") { edges { node { name } } '
        "pageInfo { hasNextPage endCursor } } } }"
    )
    names, cursor, more = [], None, True
    while more:
        page = caller.data(query, after=cursor)["project"]["runs"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert names == [f"run-{number}" for number in range(5)]


def test_calls_are_recorded_with_what_they_were_about(server: WandbServer, caller: Caller, tmp_path: Path) -> None:
    caller.begin(config=json.dumps({"lr": {"value": 0.1}}))
    caller.stream(rows=[{"_step": 0, "x": 1}])
    upsert, stream = server.calls
    assert (upsert.operation, upsert.entity, upsert.project, upsert.run_id) == ("UpsertBucket", "team", "demo", "one")
    assert "lr" in upsert.sent and upsert.status == 200
    assert (stream.kind, stream.run_id, stream.sent) == ("file_stream", "one", "wandb-history.jsonl: 1 lines at 0")
    lines = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert [json.loads(line)["operation"] for line in lines] == ["UpsertBucket", "file_stream"]


def test_a_server_on_a_unix_socket(tmp_path: Path) -> None:
    address = tmp_path / "socket"
    with WandbServer(tmp_path / "store.db", socket=address) as server:
        transport = httpx.HTTPTransport(uds=str(address))
        with httpx.Client(transport=transport, base_url="http://127.0.0.1:8123", trust_env=False) as http:
            answer = http.post("/graphql", json={"query": "{ serverInfo { cliVersionInfo } }"})
        assert answer.status_code == 200
        assert server.environment("http://127.0.0.1:8123")["WANDB_BASE_URL"] == "http://127.0.0.1:8123"
    assert not address.exists()
    server.close()


def test_a_store_is_kept_between_servers(tmp_path: Path) -> None:
    for inserted in (True, False):
        with WandbServer(tmp_path / "store.db", port=0) as server, Caller(server) as caller:
            assert caller.begin()["inserted"] is inserted
        server.close()
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


def test_a_failure_of_our_own_is_kept_apart(
    server: WandbServer, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret detail")

    caller.begin()
    monkeypatch.setattr(server.store.runs, "find", broken)
    answer = caller.graphql(READ % "id", name="one")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert [str(problem) for problem in server.problems] == ["a secret detail"]
    assert "a secret detail" in server.calls[-1].problem


def test_many_clients_at_once(server: WandbServer) -> None:
    def log(number: int) -> None:
        with Caller(server) as caller:
            caller.begin(f"run-{number}")
            for step in range(10):
                caller.stream(f"run-{number}", rows=[{"_step": step, "x": step}], offset=step)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(log, range(6)))
    assert server.problems == []
    assert [len(run.history) for run in server.runs()] == [10] * 6


def test_a_full_store_takes_no_more(server: WandbServer, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "MAX_STORE", 1)
    assert caller.graphql(UPSERT, name="one", project="demo", entity="team").status_code == 413
