"""What was asked for by plain addresses, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Provided(StrEnum):
    """What stood behind an answer."""

    STANDIN = "stand-in"
    MISSING = "missing"
    """The catalogue does not have the address; outside, it may well answer: never the submission's fault."""
    INFRASTRUCTURE = "infrastructure"
    """A stand-in exists, but making it failed: our fault."""
    IGNORED = "ignored"
    """A host that serves no asset, such as telemetry: going without it is no reason for a failure."""


@dataclass(frozen=True)
class DownloadRequest:
    """One request and its answer."""

    time: float
    """Seconds since the epoch, when the request came in."""
    seconds: float
    """From the request to the first byte of the answer; the making of a stand-in included."""
    method: str
    url: str
    """As the code asked for it, without credentials and fragment."""
    kind: str
    """model, dataset or code; "" where the catalogue does not know the address."""
    id: str
    """The catalogue's id, or the address without its query."""
    status: int
    provided: Provided
    detail: str = ""
    """Our own words on a failure of ours; "" otherwise."""


class Recorder:
    """Collects requests from any thread; also appends each to a JSON Lines file as it happens."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._requests: list[DownloadRequest] = []

    def add(self, request: DownloadRequest) -> None:
        with self._lock:
            self._requests.append(request)
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as handle:
                    handle.write(json.dumps(asdict(request)) + "\n")

    def requests(self) -> list[DownloadRequest]:
        """A copy of everything recorded so far, in order of arrival of the answers."""
        with self._lock:
            return list(self._requests)
