"""What the hub was asked for, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Provided(StrEnum):
    """What stood behind an answer; the review decides from this whose fault a failure is."""

    STANDIN = "stand-in"
    MISSING = "missing"
    """The id may well exist on the real hub, but the catalogue does not have it: never the submission's fault."""
    NONEXISTENT = "nonexistent"
    """The real hub cannot have this id: a name without an owner that is none of its canonical short names."""
    GATED = "gated"
    """The real hub refuses this repository's files to a caller without a token, and this caller sent none."""
    INFRASTRUCTURE = "infrastructure"
    """A stand-in exists, but making it failed: our fault."""
    SERVICE = "service"
    """No repository was asked for (who am I, telemetry, an address the hub does not have)."""


@dataclass(frozen=True)
class HubRequest:
    """One request and its answer."""

    time: float
    """Seconds since the epoch, when the request came in."""
    seconds: float
    """From the request to the first byte of the answer; the making of a stand-in included."""
    method: str
    kind: str
    """model, dataset, metric, or "" where no repository was asked for."""
    repo: str
    """The id as it was asked for."""
    canonical: str
    """The id that the real hub answers with; `repo` itself where there is no other."""
    revision: str
    action: str
    """info, tree, paths-info, refs, commits, discussions, resolve, or the service's name."""
    path: str
    """The file inside the repository, "" if none was named."""
    status: int
    provided: Provided
    detail: str = ""
    """Our own words on a failure of ours; "" otherwise."""


class Recorder:
    """Collects requests from any thread; also appends each to a JSON Lines file as it happens."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._requests: list[HubRequest] = []

    def add(self, request: HubRequest) -> None:
        with self._lock:
            self._requests.append(request)
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as handle:
                    handle.write(json.dumps(asdict(request)) + "\n")

    def requests(self) -> list[HubRequest]:
        """A copy of everything recorded so far, in order of arrival of the answers."""
        with self._lock:
            return list(self._requests)
