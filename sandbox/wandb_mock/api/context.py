"""What every resolver knows of its request, and what they share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from graphql import GraphQLResolveInfo

from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store import Store

Info = GraphQLResolveInfo
Resolver = Callable[..., Any]
Fields = dict[str, dict[str, Resolver]]
"""Type name -> field name -> resolver."""


MAX_KEYS = 200
"""Keys recorded of one request for one part of one run."""
MAX_KEY_LENGTH = 300


@dataclass
class Context:
    store: Store
    base_url: str
    """How this client addresses the mock; upload and download addresses start with it."""
    entity: str
    """The default entity: where runs go that name none."""
    authenticated: bool
    touched: dict[str, str] = field(default_factory=dict)
    """For the record: the entity, project and run that the request was about."""
    reads: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """For the record: run -> what was read of it (history, summary, config) -> keys that were asked for by name."""
    now: float = field(default_factory=time.time)


def context(info: Info) -> Context:
    found: Context = info.context
    return found


def noted(part: str, resolver: Resolver) -> Resolver:
    """A resolver of a run's field that also records that this part of the run was read."""

    def resolve(source: Any, info: Info, **asked: Any) -> Any:
        read(info, source.name, part)
        return resolver(source, info, **asked)

    return resolve


def read(info: Info, run: str, part: str, keys: Iterable[str | None] = ()) -> None:
    """Record that a part of a run was read, and by which keys."""
    known = context(info).reads.setdefault(run, {}).setdefault(part, [])
    new = (key for key in keys if key and key not in known and len(key) <= MAX_KEY_LENGTH)
    known += list(islice(new, MAX_KEYS - len(known)))


def moment(seconds: float) -> str:
    """A time as the server writes it: UTC, whole seconds, no zone suffix but Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def page(items: Sequence[Any], first: int | None = None, after: str | None = None, **more: Any) -> dict[str, Any]:
    """A connection over these nodes; a cursor is the number of nodes up to and with its own."""
    begin = 0
    if after:
        if not (after.isascii() and after.isdigit() and len(after) < 10):
            raise RefusedError(400, f"invalid cursor {after!r}")
        begin = int(after)
    if first is not None and first < 0:
        raise RefusedError(400, "first must not be negative")
    end = len(items) if first is None else begin + first
    edges = [{"node": item, "cursor": str(begin + index + 1)} for index, item in enumerate(items[begin:end])]
    info = {"hasNextPage": end < len(items), "endCursor": edges[-1]["cursor"] if edges else None}
    return {"edges": edges, "pageInfo": info, "totalCount": len(items)} | more
