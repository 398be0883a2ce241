"""How hub addresses are read, in the spellings of several client versions."""

from __future__ import annotations

import pytest

from sandbox.hub.address import Address, parse


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/models/gpt2", Address("model", "gpt2", "info")),
        ("/api/models/owner/name", Address("model", "owner/name", "info")),
        ("/api/datasets/owner/name/revision/v1", Address("dataset", "owner/name", "info", "v1")),
        ("/api/datasets/glue/revision/main", Address("dataset", "glue", "info", "main")),
        (
            "/api/datasets/owner/name/tree/refs%2Fconvert%2Fparquet/main/train",
            Address("dataset", "owner/name", "tree", "refs/convert/parquet", "main/train"),
        ),
        ("/api/datasets/a/b/tree/refs/pr/3/x", Address("dataset", "a/b", "tree", "refs/pr/3", "x")),
        ("/api/datasets/a/b/paths-info/main", Address("dataset", "a/b", "paths-info", "main")),
        ("/api/models/a/b/refs", Address("model", "a/b", "refs")),
        ("/gpt2/resolve/main/config.json", Address("model", "gpt2", "resolve", "main", "config.json", api=False)),
        ("/a/b/resolve/main/x%20y/z.txt", Address("model", "a/b", "resolve", "main", "x y/z.txt", api=False)),
        ("/datasets/glue/resolve/abc/d/e", Address("dataset", "glue", "resolve", "abc", "d/e", api=False)),
        (
            "/spaces/evaluate-metric/accuracy/resolve/v0.4.0/accuracy.py",
            Address("metric", "evaluate-metric/accuracy", "resolve", "v0.4.0", "accuracy.py", api=False),
        ),
    ],
)
def test_repository_addresses(path: str, expected: Address) -> None:
    assert parse(path) == expected


@pytest.mark.parametrize("path", ["/", "/api/whoami-v2", "/api/models", "/api/telemetry/x", "/front/page"])
def test_other_addresses_name_no_repository(path: str) -> None:
    assert parse(path) is None
