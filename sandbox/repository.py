"""What the hub serves, and the interface of whatever it serves it from."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from images.catalogue import Asset
from sandbox.errors import InfrastructureError

COMMIT = re.compile(r"[0-9a-f]{7,40}")


class Provided(StrEnum):
    """What stood behind an answer; the review decides from this whose fault a failure is."""

    STANDIN = "stand-in"
    MIRROR = "mirror"
    """A real asset, from a directory of the host."""
    LIVE = "live"
    """A real asset, fetched from the real hub by the host."""
    MISSING = "missing"
    """The id may well exist on the real hub, but nothing here has it: never the submission's fault."""
    NONEXISTENT = "nonexistent"
    """The real hub cannot have this id: a name without an owner that is none of its canonical short names."""
    GATED = "gated"
    """The real hub refuses this repository's files to a caller without a token, and this caller sent none."""
    INFRASTRUCTURE = "infrastructure"
    """It should have been served, but making or reading it failed: our fault."""
    SERVICE = "service"
    """No repository was asked for (who am I, telemetry, an address the hub does not have)."""


class NotServedError(InfrastructureError):
    """An asset that may exist cannot be had from here; the message says why and what to do."""


@dataclass(frozen=True)
class FileEntry:
    """One file of a repository, with what the hub says of it."""

    path: str
    size: int
    oid: str
    """Git blob id: 40 hex digits."""
    lfs: str = ""
    """sha256 of a file that the hub keeps in large-file storage; "" for the others."""

    @property
    def etag(self) -> str:
        return self.lfs or self.oid


@dataclass(frozen=True)
class Revision:
    """One state of a repository."""

    sha: str
    folder: Path
    files: tuple[FileEntry, ...]

    @functools.cached_property
    def by_path(self) -> dict[str, FileEntry]:
        return {entry.path: entry for entry in self.files}

    def locate(self, entry: FileEntry) -> Path:
        """Where the content is on this machine. May have to fetch it; raises NotServedError if that fails."""
        return self.folder / entry.path


@dataclass(frozen=True)
class Repository:
    """A model, data set or metric that is ready to be served."""

    asset: Asset
    provided: Provided
    revisions: dict[str, Revision]
    """By branch name; "main" is always there."""
    card: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    """What the hub's description says besides, and the names of git tags as `tags`."""

    def revision(self, name: str) -> Revision | None:
        """A branch by name or commit; None if there is no such revision. Raises NotServedError where there may be."""
        if name in self.revisions:
            return self.revisions[name]
        commit = COMMIT.fullmatch(name)
        if commit:
            return next((each for each in self.revisions.values() if each.sha.startswith(name)), None)
        return self.revisions["main"] if name in self.extra.get("tags", ()) else None


class AssetSource(Protocol):
    """Where repositories come from: stand-ins, a mirror, the network, or one before the other.

    Safe to share between threads. `find` takes milliseconds where no network is involved; `repository` may take
    seconds the first time.
    """

    @property
    def name(self) -> str:
        """For a reader: what this is and where."""

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """The asset that the hub would answer with: `asset_id` may be an alias. None if it is not here.

        Raises NotServedError where that cannot be told.
        """

    def can_exist(self, kind: str, asset_id: str) -> bool:
        """Whether the real hub may have this id."""

    def provided(self, asset: Asset) -> Provided:
        """What stands behind the answers for an asset that `find` gave."""

    def repository(self, asset: Asset) -> Repository:
        """The files of an asset that `find` gave. Raises InfrastructureError."""

    def prepare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Get (kind, id) pairs ready to be served; returns those that are not here. Raises InfrastructureError."""

    def assets(self) -> list[Asset]:
        """All that can be listed."""

    def real_sizes(self, asset: Asset) -> list[int]:
        """Sizes of the real asset that what is served does not have; sorted."""

    def fingerprint(self, asset: Asset) -> str:
        """The same for two sources that serve the same files."""

    def close(self) -> None:
        """Stop what is being made; nothing is made afterwards."""
