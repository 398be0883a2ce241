"""The host's store of stand-ins: looks an id up in the catalogue, makes it on demand, keeps it in a cache.

Making runs in the runtime environment, in a process of its own; this module never imports torch. A finished
stand-in is a folder with a `manifest.json`, complete from the moment it has its name.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from images.catalogue import Asset, Catalogue
from sandbox import pruning
from sandbox.builder import RuntimeBuilder
from sandbox.errors import InfrastructureError
from sandbox.fidelity import Fidelity, real_sizes
from sandbox.repository import COMMIT, FileEntry, Provided, Repository, Revision


class Builder(Protocol):
    """Makes each asset inside the (existing, empty) folder beside it; raises InfrastructureError."""

    def __call__(self, jobs: Sequence[tuple[Asset, Path]], fidelity: Fidelity) -> None: ...


class AssetStore:
    """All stand-ins that can be served, kept below `cache_dir`. An AssetSource; safe to share between threads."""

    def __init__(
        self,
        cache_dir: Path,
        catalogue: Catalogue | None = None,
        builder: Builder | None = None,
        fidelity: Fidelity = Fidelity.SMALL,
    ) -> None:
        self.catalogue = catalogue or Catalogue.default()
        self.fidelity = fidelity
        self._cache_dir = cache_dir
        self._root = cache_dir / "standins"
        self._builder: Builder = builder or RuntimeBuilder(cache_dir)
        self._ready: dict[str, Repository] = {}

    def at(self, fidelity: Fidelity) -> AssetStore:
        """The same store at another fidelity; closing one closes both."""
        return AssetStore(self._cache_dir, self.catalogue, self._builder, fidelity)

    @property
    def name(self) -> str:
        return f"stand-ins ({self.fidelity})"

    @property
    def digest(self) -> str:
        """Changes when any stand-in could: the catalogue's facts, the generators, or the locked environment."""
        return self.catalogue.digest

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """The asset that the hub would answer with: `asset_id` may be an alias. None if not in the catalogue."""
        return self.catalogue.find(kind, asset_id)

    def can_exist(self, kind: str, asset_id: str) -> bool:
        return self.catalogue.can_exist(kind, asset_id)

    def assets(self) -> list[Asset]:
        return self.catalogue.assets()

    def provided(self, asset: Asset) -> Provided:
        return Provided.STANDIN

    def folder(self, asset: Asset) -> Path:
        """Where the stand-in of this asset is, whether it has been made or not."""
        return self._root / asset.kind / self.fingerprint(asset)

    def fingerprint(self, asset: Asset) -> str:
        return f"{asset.id.replace('/', '--')}-{asset.digest}{self.fidelity.variant(asset)}"

    def is_made(self, asset: Asset) -> bool:
        return (self.folder(asset) / "manifest.json").exists()

    def real_sizes(self, asset: Asset) -> list[int]:
        return real_sizes(self, asset)

    def repository(self, asset: Asset) -> Repository:
        """The stand-in of an asset; makes it if need be (about ten seconds). Raises InfrastructureError."""
        key = f"{asset.kind}:{asset.id}"
        if key not in self._ready:
            self._make([asset])
            self._ready[key] = _read(asset, self.folder(asset))
        return self._ready[key]

    def prepare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Make the stand-ins of (kind, id) pairs in one process. Returns the pairs that no asset is known for."""
        pairs = list(wanted)
        assets = {pair: self.find(*pair) for pair in pairs}
        self._make({(asset.kind, asset.id): asset for asset in assets.values() if asset is not None}.values())
        return [pair for pair in pairs if assets[pair] is None]

    def prune(self, days: float = pruning.UNUSED_DAYS) -> list[Path]:
        """Remove stand-ins of earlier catalogues, and wide ones, that nobody used for `days`. Returns the folders."""
        current = {self.at(Fidelity.SMALL).folder(asset) for asset in self.catalogue.assets()}
        return pruning.prune(self._root, current, days)

    def close(self) -> None:
        """Stop the generator, if one runs; nothing can be made afterwards."""
        if isinstance(self._builder, RuntimeBuilder):
            self._builder.close()

    def _make(self, assets: Iterable[Asset]) -> None:
        wanted = sorted((asset for asset in assets if not self.is_made(asset)), key=lambda asset: self.folder(asset))
        if not wanted:
            return
        locks = pruning.lock_folder(self._root)
        with contextlib.ExitStack() as stack:
            # Two reviews at once: the second waits, then finds the first one's work done. The order is the
            # same for all, so that none waits for one that waits for it.
            for asset in wanted:
                handle = stack.enter_context((locks / self.folder(asset).name).open("w"))
                fcntl.flock(handle, fcntl.LOCK_EX)
            todo = [asset for asset in wanted if not self.is_made(asset)]
            if not todo:
                return
            with tempfile.TemporaryDirectory(dir=self._root, prefix=pruning.SCRATCH) as scratch:
                jobs = [(asset, Path(scratch) / str(number)) for number, asset in enumerate(todo)]
                for _, folder in jobs:
                    folder.mkdir()
                self._builder(jobs, self.fidelity)
                for asset, folder in jobs:
                    if not (folder / "manifest.json").exists():
                        raise InfrastructureError(f"the generator made no stand-in for {asset.kind} {asset.id}")
                    self._publish(folder, self.folder(asset))
        # Whoever makes new ones leaves no more behind than before.
        self.prune()

    @staticmethod
    def _publish(made: Path, final: Path) -> None:
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        made.rename(final)


@dataclasses.dataclass(frozen=True)
class _Standin(Repository):
    """A stand-in answers to any commit: the real hub may have it, and the files would be the same here."""

    def revision(self, name: str) -> Revision | None:
        found = super().revision(name)
        if found is None and COMMIT.fullmatch(name):
            main = self.revisions["main"]
            return dataclasses.replace(main, sha=name) if len(name) == 40 else main
        return found


def _read(asset: Asset, folder: Path) -> Repository:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    # Its date says when it was last used.
    with contextlib.suppress(OSError):
        os.utime(path)
    revisions = {}
    for name, found in manifest["revisions"].items():
        identity = (
            f"{asset.kind}:{asset.id}:{asset.digest}:{name}{'' if folder.name.endswith(asset.digest) else ':wide'}"
        )
        sha = hashlib.sha1(identity.encode()).hexdigest()
        files = tuple(FileEntry(**entry) for entry in found["files"])
        revisions[name] = Revision(sha, folder / found["folder"], files)
    return _Standin(asset, Provided.STANDIN, revisions, manifest["card"], manifest["tags"], manifest["extra"])
