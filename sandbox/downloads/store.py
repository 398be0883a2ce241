"""The host's store of stand-ins for plain downloads: made on demand in the runtime environment, kept in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from images.downloads import Download, DownloadCatalogue
from sandbox import pruning
from sandbox.builder import Generators
from sandbox.errors import InfrastructureError

MAKE_SECONDS = 300.0
"""A maker that needs longer than this hangs; usual times are 1 to 10 seconds."""

LAUNCHER = Path(__file__).parents[2] / "images" / "downloads" / "launch.py"

Maker = Callable[[Download, Path], None]
"""Makes one asset inside the (existing, empty) folder; raises InfrastructureError."""


@dataclass(frozen=True)
class ReadyDownload:
    """A finished stand-in on disk."""

    files: dict[str, Path]
    md5: frozenset[str]
    """Of the files and of what is inside them."""


class DownloadStore:
    """All stand-ins below `cache_dir`. Safe to share between threads and processes."""

    def __init__(self, cache_dir: Path, catalogue: DownloadCatalogue | None = None, maker: Maker | None = None) -> None:
        self.catalogue = catalogue or DownloadCatalogue.default()
        self._root = cache_dir / "downloads"
        self._maker = maker or RuntimeMaker(cache_dir)
        self._ready: dict[str, ReadyDownload] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def ready(self, asset: Download) -> ReadyDownload:
        """The stand-in of an asset; makes it if need be. Raises InfrastructureError."""
        if asset.id not in self._ready:
            folder = self._folder(asset)
            if not (folder / "manifest.json").exists():
                self._make(asset, folder)
            found = _read(folder)
            with self._lock:
                self._ready[asset.id] = found
        return self._ready[asset.id]

    def prepare(self, ids: Iterable[str]) -> None:
        """Make the stand-ins of these ids, so that nobody waits for them. Raises InfrastructureError."""
        for name in ids:
            asset = self.catalogue.get(name)
            if asset is not None and not self._closed.is_set():
                self.ready(asset)

    def close(self) -> None:
        """Stop what is being made, and what `prepare` has not begun with."""
        self._closed.set()
        if isinstance(self._maker, RuntimeMaker):
            self._maker.close()

    def prune(self, days: float = pruning.UNUSED_DAYS) -> list[Path]:
        """Remove stand-ins of earlier catalogues that nobody used for `days`. Returns their folders."""
        return pruning.prune(self._root, {self._folder(asset) for asset in self.catalogue.assets()}, days, "*")

    def made(self, md5: str) -> bool:
        """Whether a file with this md5 sum is one of ours, or inside one of ours."""
        on_disk = [asset for asset in self.catalogue.assets() if (self._folder(asset) / "manifest.json").exists()]
        return any(md5 in self.ready(asset).md5 for asset in on_disk)

    def _folder(self, asset: Download) -> Path:
        return self._root / f"{asset.id.replace('/', '--').replace(':', '--')}-{asset.digest}"

    def _make(self, asset: Download, folder: Path) -> None:
        with (pruning.lock_folder(self._root) / folder.name).open("w") as handle:
            # Two reviews at once: the second waits, then finds the first one's work done.
            fcntl.flock(handle, fcntl.LOCK_EX)
            if (folder / "manifest.json").exists():
                return
            with tempfile.TemporaryDirectory(dir=self._root, prefix=pruning.SCRATCH) as scratch:
                made = Path(scratch) / "made"
                made.mkdir()
                self._maker(asset, made)
                if not (made / "manifest.json").exists():
                    raise InfrastructureError(f"the maker made no stand-in for {asset.id}")
                shutil.rmtree(folder, ignore_errors=True)
                made.rename(folder)
        # Whoever makes new ones leaves no more behind than before.
        self.prune()


def _read(folder: Path) -> ReadyDownload:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    # Its date says when it was last used.
    with contextlib.suppress(OSError):
        os.utime(path)
    files = {name: folder / "files" / name for name in manifest["files"]}
    sums = {each["md5"] for each in manifest["files"].values()}
    return ReadyDownload(files, frozenset(sums.union(manifest["inner_md5"])))


class RuntimeMaker:
    """Runs the makers of `images/downloads`. `close()` kills what is running, from any thread."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._generators = Generators()

    def __call__(self, asset: Download, folder: Path) -> None:
        from images.downloads.libraries import ensure_libraries
        from images.runtime import ensure_runtime

        python = ensure_runtime(self._cache_dir)
        facts = dict(asset.facts)
        if facts.get("needs_libraries"):
            facts["libraries"] = str(ensure_libraries(self._cache_dir, python))
        job = {"id": asset.id, "facts": facts, "folder": str(folder)}
        self._generators.run(python, LAUNCHER, [job], MAKE_SECONDS)

    def close(self) -> None:
        """Kill every running maker; later calls raise InfrastructureError."""
        self._generators.close()
