"""Random requests: none may end in a failure of the mock's own. The seed is the same every time.

GraphQL requests are made from the schema by schemathesis; the other addresses have no schema, so hypothesis makes
theirs.
"""

from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sandbox.recording import Recorder
from sandbox.wandb_mock import MadeUpRun
from sandbox.wandb_mock.app import Service, mock_app
from sandbox.wandb_mock.faults import Faults
from sandbox.wandb_mock.keys import SAMPLE_KEY
from sandbox.wandb_mock.reviewing import add_run
from sandbox.wandb_mock.store import Store

pytestmark = pytest.mark.filterwarnings("ignore")
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
bounded = settings(max_examples=25, derandomize=True, deadline=None, database=None, suppress_health_check=QUIET)
thorough = settings(bounded, max_examples=150)
AUTHORIZED = {"Authorization": "Basic " + base64.b64encode(f"api:{SAMPLE_KEY}".encode()).decode()}

WIDE = "1" + "0" * 400
ANY_CHARACTERS = st.one_of(st.characters(codec="utf-8"), st.sampled_from("\ud800\udbff\udc00\udfff"))
"""Halves of surrogate pairs too, which JSON can spell and UTF-8 cannot hold."""
JSON_TEXTS = st.one_of(
    st.sampled_from(
        [
            "{}",
            '{"_step": 1e999, "\\ud800": 1}',
            '{"x": "\\udfff", "_step": 1' + "0" * 400 + "}",
            "null",
            "[]",
            "{",
            '{"a": NaN}',
            '{"_wandb": {"value": {"t": {"3": [4]}}}}',
            "[" * 3000,
        ]
    ),
    st.dictionaries(
        st.sampled_from(["state", "config.lr", "keys", "samples", "minStep", "$or", "$not", "tags", "createdAt", "x"]),
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just({"$gt": 1}), st.lists(st.text(max_size=3))),
        max_size=3,
    ).map(json.dumps),
)
for name in ("JSONString", "JSON"):
    schemathesis.graphql.scalar(name, JSON_TEXTS.map(nodes.String))
for name in ("DateTime", "Duration"):
    schemathesis.graphql.scalar(name, st.text(max_size=20).map(nodes.String))
schemathesis.graphql.scalar("Int64", st.integers().map(nodes.Int))


FOLDER = tempfile.TemporaryDirectory(prefix="wandb-fuzz-")
"""schemathesis wants an application when the tests are collected; the folder goes with the process."""


def make_service() -> tuple[Service, Starlette]:
    store = Store(Path(FOLDER.name) / "store.db")
    add_run(store, MadeUpRun("reviewed", "uncategorized", "one", history=[{"x": 1, "nested": {"y": 2}}]))
    service = Service(store, Recorder(None), Faults(), "reviewed", None)
    return service, mock_app(service)


SERVICE, APP = make_service()


@pytest.fixture
def client() -> TestClient:
    return TestClient(APP, headers=AUTHORIZED, raise_server_exceptions=False)


def check(answer: Any) -> None:
    problems, SERVICE.problems[:] = list(SERVICE.problems), []
    assert problems == []
    assert answer.status_code < 500, answer.text


graphql = schemathesis.graphql.from_asgi("/graphql", APP)


@graphql.parametrize()
@bounded
def test_no_graphql_request_fails_the_server(case: schemathesis.Case) -> None:
    check(case.call(headers=AUTHORIZED))


EVERYTHING = """
query Everything($filters: JSONString, $order: String, $first: Int, $after: String, $specs: [JSONString!],
                 $low: Int64, $high: Int64, $samples: Int, $keys: [String], $pattern: String) {
  project(name: "uncategorized", entityName: "reviewed") {
    runCount(filters: $filters)
    runs(filters: $filters, order: $order, first: $first, after: $after) { edges { node { id } cursor } }
    run(name: "one") {
      config summaryMetrics systemMetrics historyKeys historyTail eventsTail wandbConfig(keys: $keys)
      history(minStep: $low, maxStep: $high, samples: $samples)
      events(minStep: $low, maxStep: $high, samples: $samples)
      sampledHistory(specs: $specs)
      parquetHistory(liveKeys: $keys) { parquetUrls liveData }
      logLines(first: $first, last: $samples, after: $after) { edges { node { number line } } }
      files(names: $keys, pattern: $pattern, first: $first, after: $after) { edges { node { name url md5 } } }
      outputArtifacts(first: $first, after: $after) { totalCount edges { node { id size } } }
    }
    artifactTypes(first: $first, after: $after) { edges { node { artifactCollections { edges { node { name } } } } } }
  }
}
"""
NUMBERS = st.one_of(st.none(), st.integers(-5, 5), st.integers(), st.floats())
WORDS = st.one_of(st.none(), st.sampled_from(["x", "_step", "nested.y", "-created_at", "+config.x", "1"]), st.text())
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "filters": JSON_TEXTS,
        "order": WORDS,
        "first": st.integers(0, 3),
        "after": st.sampled_from(["0", "1", "99"]),
        "specs": st.lists(JSON_TEXTS, max_size=2),
        "low": NUMBERS,
        "high": NUMBERS,
        "samples": st.integers(-2, 5),
        "keys": st.lists(WORDS, max_size=2),
        "pattern": WORDS,
    },
)


@given(variables=ASKED)
@thorough
def test_no_question_about_what_exists_fails_the_server(client: TestClient, variables: dict[str, Any]) -> None:
    check(client.post("/graphql", content=json.dumps({"query": EVERYTHING, "variables": variables})))


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(ANY_CHARACTERS, max_size=10)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(ANY_CHARACTERS, max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
CHUNKS = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {},
        optional={
            "offset": st.one_of(st.integers(), VALUES),
            "content": st.one_of(VALUES, st.lists(st.one_of(JSON_TEXTS, st.text(max_size=5)), max_size=3)),
        },
    ),
)
STREAM_NAMES = st.sampled_from(["wandb-history.jsonl", "wandb-events.jsonl", "wandb-summary.json", "output.log", "x"])
STREAM = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {},
        optional={
            "files": st.one_of(VALUES, st.dictionaries(STREAM_NAMES, CHUNKS, max_size=3)),
            "complete": VALUES,
            "exitcode": VALUES,
            "preempting": VALUES,
        },
    ),
)


@given(body=STREAM)
@thorough
def test_no_file_stream_fails_the_server(client: TestClient, body: Any) -> None:
    address = "/files/reviewed/uncategorized/one/file_stream"
    check(client.post(address, content=json.dumps(body), headers={"content-type": "application/json"}))


@given(body=st.fixed_dictionaries({}, optional={"query": VALUES, "variables": VALUES, "operationName": VALUES}))
@thorough
def test_no_graphql_body_fails_the_server(client: TestClient, body: Any) -> None:
    check(client.post("/graphql", content=json.dumps(body)))


ODD_SEGMENTS = ["99999999999999999999", "..", "%2e%2e", "%00", "%ff", "d41d8cd98f00b204e9800998ecf8427e"]
KNOWN_SEGMENTS = ["graphql", "files", "storage", "artifacts", "artifactsV2", "runs", "content", "manifests", "1"]
RUN_SEGMENTS = ["reviewed", "uncategorized", "one", "file_stream"]
SEGMENTS = st.sampled_from([*KNOWN_SEGMENTS, *RUN_SEGMENTS, *ODD_SEGMENTS])


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]),
    path=st.lists(SEGMENTS, max_size=6).map("/".join),
    content=st.binary(max_size=40),
    encoding=st.sampled_from(["", "gzip", "identity"]),
)
@thorough
def test_no_address_fails_the_server(client: TestClient, method: str, path: str, content: bytes, encoding: str) -> None:
    headers = {"content-encoding": encoding} if encoding else {}
    check(client.request(method, f"/{path}", content=content, headers=headers))


@pytest.mark.parametrize(
    "query",
    [
        "{a" * 5000,
        "{ viewer { id } }" * 3000,
        "query Q($x: [" * 2000,
        "{ " + " ".join(f"a{number}: viewer {{ id }}" for number in range(4000)) + " }",
        "fragment A on User { ...A } { viewer { ...A } }",
        '{ project(name: "' + "x" * 10**6 + '") { id } }',
        "query Q { viewer { id } } query R { viewer { id } }",
        "subscription S { viewer { id } }",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_documents_made_to_hurt_are_refused(client: TestClient, query: str) -> None:
    answer = client.post("/graphql", json={"query": query})
    check(answer)
    assert answer.status_code == 400 or answer.json() == {"data": {"project": None}}


def test_text_that_no_database_takes_is_refused(client: TestClient) -> None:
    mutation = "mutation U($n: String) { upsertBucket(input: {name: $n}) { inserted } }"
    body = f'{{"query": "{mutation}", "variables": {{"n": "\\ud800"}}}}'
    answer = client.post("/graphql", content=body)
    check(answer)
    assert answer.status_code == 400


STREAM_ADDRESS = "/files/reviewed/uncategorized/one/file_stream"


@pytest.mark.parametrize(
    "row", ['{"_step": 3, "\\ud800": 1, "x": 1}', f'{{"_step": {WIDE}, "x": {WIDE}}}', '{"x": 1e999}']
)
def test_rows_made_to_hurt_can_be_asked_for(client: TestClient, row: str) -> None:
    check(client.post(STREAM_ADDRESS, json={"files": {"wandb-history.jsonl": {"offset": 9, "content": [row]}}}))
    answer = client.post("/graphql", json={"query": EVERYTHING, "variables": {"specs": ["{}"]}})
    check(answer)
    assert answer.status_code == 200 and "errors" not in answer.json()


def test_a_line_that_no_database_takes_is_refused(client: TestClient) -> None:
    body = '{"files": {"output.log": {"offset": 0, "content": ["\\ud800"]}}}'
    answer = client.post(STREAM_ADDRESS, content=body)
    check(answer)
    assert answer.status_code == 400
