"""What the hub was asked for, kept on the host, where a submission cannot reach it."""

from __future__ import annotations

from dataclasses import dataclass

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
