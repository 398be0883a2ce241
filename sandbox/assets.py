"""The host's store of stand-ins: looks an id up in the catalogue, makes it on demand, keeps it in a cache.

Making runs in the runtime environment, in a process of its own; this module never imports torch. A finished
stand-in is a folder with a `manifest.json`, complete from the moment it has its name.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from images.catalogue import Asset, Catalogue
from sandbox.errors import InfrastructureError

BUILD_SECONDS = 300.0
"""A generator that needs longer than this hangs; usual times are 1 to 10 seconds."""

Builder = Callable[[Sequence[tuple[Asset, Path]]], None]
"""Makes each asset inside the (existing, empty) folder beside it; raises InfrastructureError."""


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
    """One branch of a repository."""

    sha: str
    folder: Path
    files: tuple[FileEntry, ...]

    @functools.cached_property
    def by_path(self) -> dict[str, FileEntry]:
        return {entry.path: entry for entry in self.files}


@dataclass(frozen=True)
class Standin:
    """A finished stand-in on disk."""

    asset: Asset
    revisions: dict[str, Revision]
    card: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class AssetStore:
    """All assets that can be served, and their stand-ins below `cache_dir`. Safe to share between threads."""

    def __init__(self, cache_dir: Path, catalogue: Catalogue | None = None, builder: Builder | None = None) -> None:
        self.catalogue = catalogue or Catalogue.default()
        self._root = cache_dir / "standins"
        self._builder = builder or RuntimeBuilder(cache_dir)
        self._ready: dict[str, Standin] = {}

    @property
    def digest(self) -> str:
        """Changes when any stand-in could: the catalogue's facts, the generators, or the locked environment."""
        return self.catalogue.digest

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """The asset that the hub would answer with: `asset_id` may be an alias. None if not in the catalogue."""
        return self.catalogue.find(kind, asset_id)

    def folder(self, asset: Asset) -> Path:
        """Where the stand-in of this asset is, whether it has been made or not."""
        return self._root / asset.kind / f"{asset.id.replace('/', '--')}-{asset.digest}"

    def is_made(self, asset: Asset) -> bool:
        return (self.folder(asset) / "manifest.json").exists()

    def standin(self, asset: Asset) -> Standin:
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

    def _make(self, assets: Iterable[Asset]) -> None:
        wanted = sorted((asset for asset in assets if not self.is_made(asset)), key=lambda asset: self.folder(asset))
        if not wanted:
            return
        locks = self._root / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            # Two reviews at once: the second waits, then finds the first one's work done. The order is the
            # same for all, so that none waits for one that waits for it.
            for asset in wanted:
                handle = stack.enter_context((locks / self.folder(asset).name).open("w"))
                fcntl.flock(handle, fcntl.LOCK_EX)
            todo = [asset for asset in wanted if not self.is_made(asset)]
            if not todo:
                return
            with tempfile.TemporaryDirectory(dir=self._root, prefix=".making-") as scratch:
                jobs = [(asset, Path(scratch) / str(number)) for number, asset in enumerate(todo)]
                for _, folder in jobs:
                    folder.mkdir()
                self._builder(jobs)
                for asset, folder in jobs:
                    if not (folder / "manifest.json").exists():
                        raise InfrastructureError(f"the generator made no stand-in for {asset.kind} {asset.id}")
                    self._publish(folder, self.folder(asset))

    @staticmethod
    def _publish(made: Path, final: Path) -> None:
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(final, ignore_errors=True)
        made.rename(final)


def _read(asset: Asset, folder: Path) -> Standin:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    revisions = {}
    for name, found in manifest["revisions"].items():
        sha = hashlib.sha1(f"{asset.kind}:{asset.id}:{asset.digest}:{name}".encode()).hexdigest()
        files = tuple(FileEntry(**entry) for entry in found["files"])
        revisions[name] = Revision(sha, folder / found["folder"], files)
    return Standin(asset, revisions, manifest["card"], manifest["tags"], manifest["extra"])


class RuntimeBuilder:
    """Runs the generators of `images/standins` with the runtime environment's Python."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir

    def __call__(self, jobs: Sequence[tuple[Asset, Path]]) -> None:
        from images.runtime import ensure_runtime

        python = ensure_runtime(self._cache_dir)
        launcher = Path(__file__).parent.parent / "images" / "standins" / "launch.py"
        spec = [{"kind": a.kind, "id": a.id, "facts": a.facts, "folder": str(folder)} for a, folder in jobs]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        environment |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONHASHSEED": "0"}
        names = ", ".join(asset.id for asset, _ in jobs)
        try:
            done = subprocess.run(
                [str(python), "-I", str(launcher)],
                input=json.dumps(spec),
                capture_output=True,
                text=True,
                env=environment,
                timeout=BUILD_SECONDS * max(1, len(jobs) / 10),
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise InfrastructureError(f"the stand-ins for {names} could not be made: {problem}") from problem
        if done.returncode != 0:
            raise InfrastructureError(f"the stand-ins for {names} could not be made:\n{done.stderr[-3000:]}")
