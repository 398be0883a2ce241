"""The host's store of stand-ins for plain downloads: made on demand in the runtime environment, kept in the cache."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from images.downloads import Download, DownloadCatalogue
from sandbox.errors import InfrastructureError

MAKE_SECONDS = 300.0
"""A maker that needs longer than this hangs; usual times are 1 to 10 seconds."""

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
            if asset is not None:
                self.ready(asset)

    def made(self, md5: str) -> bool:
        """Whether a file with this md5 sum is one of ours, or inside one of ours."""
        on_disk = [asset for asset in self.catalogue.assets() if (self._folder(asset) / "manifest.json").exists()]
        return any(md5 in self.ready(asset).md5 for asset in on_disk)

    def _folder(self, asset: Download) -> Path:
        return self._root / f"{asset.id.replace('/', '--').replace(':', '--')}-{asset.digest}"

    def _make(self, asset: Download, folder: Path) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / f".{folder.name}.lock").open("w") as handle:
            # Two reviews at once: the second waits, then finds the first one's work done.
            fcntl.flock(handle, fcntl.LOCK_EX)
            if (folder / "manifest.json").exists():
                return
            with tempfile.TemporaryDirectory(dir=self._root, prefix=".making-") as scratch:
                made = Path(scratch) / "made"
                made.mkdir()
                self._maker(asset, made)
                if not (made / "manifest.json").exists():
                    raise InfrastructureError(f"the maker made no stand-in for {asset.id}")
                shutil.rmtree(folder, ignore_errors=True)
                made.rename(folder)


def _read(folder: Path) -> ReadyDownload:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    files = {name: folder / "files" / name for name in manifest["files"]}
    sums = {each["md5"] for each in manifest["files"].values()}
    return ReadyDownload(files, frozenset(sums.union(manifest["inner_md5"])))


class RuntimeMaker:
    """Runs the makers of `images/downloads` with the runtime environment's Python."""

    def __init__(self, cache_dir: Path) -> None:
        self._cache_dir = cache_dir

    def __call__(self, asset: Download, folder: Path) -> None:
        from images.downloads.libraries import ensure_libraries
        from images.runtime import ensure_runtime

        python = ensure_runtime(self._cache_dir)
        facts = dict(asset.facts)
        if facts.get("needs_libraries"):
            facts["libraries"] = str(ensure_libraries(self._cache_dir, python))
        launcher = Path(__file__).parents[2] / "images" / "downloads" / "launch.py"
        spec = [{"id": asset.id, "facts": facts, "folder": str(folder)}]
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        try:
            done = subprocess.run(
                [str(python), "-I", str(launcher)],
                input=json.dumps(spec),
                capture_output=True,
                text=True,
                env=environment | {"PYTHONHASHSEED": "0"},
                timeout=MAKE_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise InfrastructureError(f"the stand-in for {asset.id} could not be made: {problem}") from problem
        if done.returncode != 0:
            raise InfrastructureError(f"the stand-in for {asset.id} could not be made:\n{done.stderr[-3000:]}")
