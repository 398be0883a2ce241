"""Removes stand-ins that nobody uses any more; the cache would grow with every change of the catalogue."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import time
from collections.abc import Set
from pathlib import Path

UNUSED_DAYS = 14.0
SCRATCH = ".making-"
ABANDONED_DAYS = 1.0
"""No generator runs this long: its folder was left by a host that was killed."""


def lock_folder(root: Path) -> Path:
    """Where the locks of stand-ins are; one file each, named as the stand-in's folder."""
    locks = root / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    return locks


def prune(root: Path, keep: Set[Path], days: float, where: str = "*/*") -> list[Path]:
    """Remove stand-ins below `root` that are not in `keep` and were not used for `days`; returns their folders.

    `where` says how deep they lie. One that somebody is making is left alone. A stand-in's last use is the date of
    its manifest.
    """
    removed = []
    for folder in sorted(root.glob(where)):
        top = folder.relative_to(root).parts[0]
        if top == "locks" or top.startswith(SCRATCH) or folder in keep:
            continue
        if folder.is_dir() and _age_days(folder / "manifest.json") > days and _remove(root, folder):
            removed.append(folder)
    for scratch in root.glob(f"{SCRATCH}*"):
        if _age_days(scratch) > ABANDONED_DAYS:
            shutil.rmtree(scratch, ignore_errors=True)
            removed.append(scratch)
    return removed


def _age_days(path: Path) -> float:
    try:
        return (time.time() - path.stat().st_mtime) / 86400
    except OSError:
        return 0.0


def _remove(root: Path, folder: Path) -> bool:
    lock = lock_folder(root) / folder.name
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        # The manifest goes first: without it the rest is no stand-in, should we be stopped here.
        with contextlib.suppress(FileNotFoundError):
            (folder / "manifest.json").unlink()
        shutil.rmtree(folder, ignore_errors=True)
    return True
