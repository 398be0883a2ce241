"""A plain HTTP client for tests that need no real wandb client."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

import httpx

from sandbox.wandb_mock import WandbServer
from sandbox.wandb_mock.keys import SAMPLE_KEY

UPSERT = """
mutation UpsertBucket($name: String, $project: String, $entity: String, $config: JSONString, $host: String) {
  upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, config: $config, host: $host}) {
    bucket { id name displayName historyLineCount project { name entity { name } } }
    inserted
  }
}
"""


class Caller:
    """Talks to a server as a client does; `with` it, as it keeps a connection."""

    def __init__(self, server: WandbServer, key: str = SAMPLE_KEY) -> None:
        auth = httpx.BasicAuth("api", key) if key else None
        self.http = httpx.Client(base_url=server.url, auth=auth, trust_env=False, timeout=10)

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.http.close()

    def graphql(self, query: str, **variables: Any) -> httpx.Response:
        return self.http.post("/graphql", json={"query": query, "variables": variables})

    def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The answer's data; an error in it fails the test."""
        answer = self.graphql(query, **variables)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found

    def begin(self, run_id: str = "one", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.data(UPSERT, name=run_id, project="demo", entity="team", **more)["upsertBucket"]
        return found

    def stream(
        self, run_id: str = "one", rows: list[dict[str, Any]] | None = None, offset: int = 0, **more: Any
    ) -> Any:
        """One file stream request with history rows."""
        lines = [json.dumps(row) for row in rows or []]
        files = {"wandb-history.jsonl": {"offset": offset, "content": lines}} if rows else {}
        return self.http.post(f"/files/team/demo/{run_id}/file_stream", json={"files": files, **more})
