"""Faults on request: what a real server, or the way to it, does on a bad day."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    SLOW = "slow"
    """The answer comes late, and is a good one."""
    TOO_MANY = "429"
    """Too many requests, with a Retry-After of one second."""
    SERVER_ERROR = "500"
    RESET = "reset"
    """The connection is reset without an answer."""
    WRONG_KEY = "wrong-key"
    """401: whatever the key, it is refused."""


@dataclass(frozen=True)
class Fault:
    kind: FaultKind
    operation: str = ""
    """A GraphQL operation's name, or file_stream, upload, download; "" for every request."""
    times: int | None = None
    """After so many requests it is over; None: it never is."""
    seconds: float = 2.0
    """How late, for SLOW."""


class Faults:
    """Hands out faults to requests. Safe to share between threads; may be changed while the server runs."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._left: list[tuple[Fault, int | None]] = []
        self.inject(*faults)

    def inject(self, *faults: Fault) -> None:
        """From now on; before those that were given earlier have run out, these wait."""
        with self._lock:
            self._left += [(fault, fault.times) for fault in faults]

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self._lock:
            for index, (fault, left) in enumerate(self._left):
                if fault.operation in ("", operation) and left != 0:
                    self._left[index] = (fault, None if left is None else left - 1)
                    return fault
        return None
