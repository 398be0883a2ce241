"""What the hub was asked for, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.repository import Provided


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
    """Our own words on a failure of ours or on what is missing; "" otherwise."""


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
