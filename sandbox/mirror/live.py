"""The network as a source: what is asked for is fetched from the real hub by the host, into a mirror, and served.

The host's token stays on the host. What it can read, the sandboxed code can read through this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from images.catalogue import Asset
from sandbox.mirror import layout
from sandbox.mirror.mirror import Mirror
from sandbox.mirror.remote import Description, Remote, write_notes, write_ref
from sandbox.repository import FileEntry, NotServedError, Provided, Repository, Revision


class Live:
    """An AssetSource over the real hub. A file is downloaded when its content is asked for, once."""

    def __init__(self, mirror: Mirror, remote: Remote | None = None) -> None:
        self._mirror = mirror
        self._remote = remote or Remote()
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], Description] = {}
        """By the id as asked for, and by the hub's own."""
        self._ready: dict[tuple[str, str], LiveRepository] = {}

    @property
    def name(self) -> str:
        return f"{self._remote.endpoint} (kept in {self._mirror.root})"

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """Asks the real hub, once per id. None for ids that cannot exist; else raises NotServedError."""
        if not self._mirror.can_exist(kind, asset_id):
            return None
        found = self._describe(kind, asset_id)
        # Whoever lent us a token may read gated files; without one the hub's refusal is passed on.
        return Asset(kind, found.id, (), bool(found.notes.get("gated")) and not self._remote.token, {})

    def can_exist(self, kind: str, asset_id: str) -> bool:
        return self._mirror.can_exist(kind, asset_id)

    def provided(self, asset: Asset) -> Provided:
        return Provided.LIVE

    def repository(self, asset: Asset) -> Repository:
        found = self._describe(asset.kind, asset.id)
        with self._lock:
            if (asset.kind, found.id) not in self._ready:
                write_notes(asset.kind, found, self._mirror.root)
                folder = self._mirror.root / layout.folder_name(asset.kind, found.id)
                write_ref(folder, "main", found.sha)
                main = self._revision(asset.kind, found)
                told = ("pipeline_tag", "library_name")
                extra: dict[str, Any] = {key: found.notes[key] for key in told if key in found.notes}
                self._ready[asset.kind, found.id] = LiveRepository(
                    asset, Provided.LIVE, {"main": main}, {}, found.notes["tags"], extra, self
                )
            return self._ready[asset.kind, found.id]

    def other_revision(self, asset: Asset, name: str) -> Revision | None:
        """A branch, tag or commit besides `main`, as the real hub has it."""
        found = self._remote.describe(asset.kind, asset.id, name)
        if found is None:
            return None
        with self._lock:
            write_notes(asset.kind, found, self._mirror.root)
        return self._revision(asset.kind, found)

    def prepare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Nothing is fetched before it is asked for."""
        return []

    def assets(self) -> list[Asset]:
        return self._mirror.assets()

    def real_sizes(self, asset: Asset) -> list[int]:
        return []

    def fingerprint(self, asset: Asset) -> str:
        return f"live:{asset.kind}:{asset.id}"

    def close(self) -> None:
        """A download that runs is left to end by itself, in a thread that does not hold up the program's end."""

    def _describe(self, kind: str, asset_id: str) -> Description:
        with self._lock:
            if (kind, asset_id) in self._found:
                return self._found[kind, asset_id]
        found = self._remote.describe(kind, asset_id)
        if found is None:
            raise NotServedError(f"{self._remote.endpoint}: {kind} {asset_id} has no branch main")
        with self._lock:
            self._found[kind, asset_id] = self._found[kind, found.id] = found
        return found

    def _revision(self, kind: str, found: Description) -> Revision:
        folder = self._mirror.root / layout.folder_name(kind, found.id) / "snapshots" / found.sha
        return LiveRevision(found.sha, folder, found.files, self._remote, kind, found.id, self._mirror.root)


@dataclass(frozen=True)
class LiveRevision(Revision):
    """Knows what the hub lists; has what was downloaded."""

    remote: Remote
    kind: str
    asset_id: str
    root: Path

    def locate(self, entry: FileEntry) -> Path:
        return self.remote.file(self.kind, self.asset_id, self.sha, entry, self.root)


@dataclass(frozen=True)
class LiveRepository(Repository):
    """Asks the real hub for revisions that it does not know yet."""

    live: Live | None = None

    def revision(self, name: str) -> Revision | None:
        found = super().revision(name)
        if found is None and self.live is not None:
            found = self.live.other_revision(self.asset, name)
            if found is not None:
                self.revisions[name] = found
        return found
