"""What was asked for by plain addresses, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
