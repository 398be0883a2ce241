"""What the mock was asked for, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

SENT_LENGTH = 2000
VALUE_LENGTH = 300


@dataclass(frozen=True)
class Call:
    """One request and its answer."""

    time: float
    """Seconds since the epoch, when the request came in."""
    seconds: float
    """From the request to the answer; an injected delay included."""
    kind: str
    """graphql, file_stream, upload, download, page or unknown."""
    operation: str
    """The GraphQL operation's name (`UpsertBucket`); for other kinds the same as `kind`."""
    entity: str
    project: str
    run_id: str
    """Empty where a request names none."""
    sent: str
    """In short: GraphQL variables, the file stream's account, a file's address and size. Cut at 2000 characters."""
    status: int
    """0 if the connection was reset."""
    fault: str = ""
    """The kind of the fault that was injected, "" if none was."""
    client: str = ""
    """What the client calls itself."""
    problem: str = ""
    """Why it was refused, in the words of the answer; our own failure's words on a status of 500."""
    reads: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """Run -> what was read of it (history, summary, config) -> keys that were asked for by name."""


def shorten(value: Any) -> str:
    """Variables as JSON, long texts cut."""

    def cut(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: cut(inner) for key, inner in part.items() if inner is not None}
        if isinstance(part, list):
            return [cut(inner) for inner in part[:20]]
        return f"{part[:VALUE_LENGTH]}..." if isinstance(part, str) and len(part) > VALUE_LENGTH else part

    return json.dumps(cut(value), ensure_ascii=True)[:SENT_LENGTH]
