"""Reads a hub address: which repository, which action, which revision, which file.

Works on the raw path, because clients quote the slashes of a revision (`refs%2Fconvert%2Fparquet`) but not
those of a file name, and some old ones quote neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from starlette.requests import Request

KINDS = {"models": "model", "datasets": "dataset", "spaces": "metric"}
"""Address prefix -> kind. Scripts of the `evaluate` library live in the hub's spaces."""

API_ACTIONS = frozenset(
    [
        "revision",
        "tree",
        "paths-info",
        "refs",
        "commits",
        "discussions",
        "treesize",
        "parquet",
        "resolve",
        "preupload",
        "commit",
        "xet-read-token",
        "xet-write-token",
        "likers",
        "lfs-files",
    ]
)
FILE_ACTIONS = frozenset({"resolve", "raw"})


@dataclass(frozen=True)
class Address:
    """One repository request taken apart. `revision` is "main" where the address names none."""

    kind: str
    repo: str
    action: str
    revision: str = "main"
    path: str = ""
    api: bool = True
    """False for addresses that serve files (`/ID/resolve/...`)."""


def raw_path(request: Request) -> str:
    """The path as the client quoted it, without the query."""
    sent: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return sent.decode("latin-1").split("?")[0]


def parse(raw_path: str) -> Address | None:
    """Return the repository request that a raw (still quoted) URL path makes, None if it is something else."""
    segments = [segment for segment in raw_path.split("/") if segment]
    if not segments:
        return None
    if segments[0] == "api":
        return _parse_api(segments[1:])
    return _parse_file(segments)


def _parse_api(segments: list[str]) -> Address | None:
    if len(segments) < 2 or segments[0] not in KINDS:
        return None
    kind, rest = KINDS[segments[0]], segments[1:]
    if len(rest) > 1 and rest[1] in API_ACTIONS:
        repo, rest = unquote(rest[0]), rest[1:]
    else:
        repo, rest = unquote("/".join(rest[:2])), rest[2:]
    if not rest:
        return Address(kind, repo, "info")
    revision, path = _revision_and_path(rest[1:])
    action = "info" if rest[0] == "revision" else rest[0]
    return Address(kind, repo, action, revision, path)


def _parse_file(segments: list[str]) -> Address | None:
    kind = KINDS.get(segments[0], "model")
    rest = segments[1:] if segments[0] in KINDS else segments
    for owner_and_name in (2, 1):
        if len(rest) > owner_and_name + 2 and rest[owner_and_name] in FILE_ACTIONS:
            revision, path = _revision_and_path(rest[owner_and_name + 1 :])
            return Address(kind, unquote("/".join(rest[:owner_and_name])), "resolve", revision, path, api=False)
    return None


def _revision_and_path(segments: list[str]) -> tuple[str, str]:
    if not segments:
        return "main", ""
    length = 3 if segments[0] == "refs" and len(segments) >= 3 else 1
    return unquote("/".join(segments[:length])), unquote("/".join(segments[length:]))
