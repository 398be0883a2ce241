"""Files that a sandbox wrote, as the host reads them.

A name there may lead anywhere: through a link to the host's own files, to a pipe that nobody writes to, to more bytes
than there is memory, to a name that is no text. Every step below the root is taken from an open folder and follows no
link, nothing is waited for, and what is no regular file is not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

MAX_ENTRIES = 200_000
"""Entries of folders looked at below one root; beyond that nobody reads the list."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True)
class Found:
    """A regular file."""

    name: str
    """Relative to the root, with slashes; bytes that are no UTF-8 are escaped."""
    parts: tuple[str, ...]
    """The same as the system has it."""
    bytes: int

    def below(self, root: Path) -> Path:
        return root.joinpath(*self.parts)


def regular_files(root: Path, without: Collection[str] = ()) -> Iterator[Found]:
    """Every regular file below `root`, by name, a folder's own files first; nothing where `root` itself is a link.

    `without`: names of folders that are left out. At most `MAX_ENTRIES` entries are looked at.
    """
    left = MAX_ENTRIES
    waiting: list[tuple[str, ...]] = [()]
    while waiting and left > 0:
        here = waiting.pop()
        folders, files, seen = _listed(root, here, left)
        left -= seen
        waiting += [(*here, name) for name in sorted(folders, reverse=True) if name not in without]
        for name, size in sorted(files):
            yield Found(printable("/".join((*here, name))), (*here, name), size)


def _listed(root: Path, parts: Sequence[str], most: int) -> tuple[list[str], list[tuple[str, int]], int]:
    """A folder's folders, its regular files with their sizes, and how many entries were looked at."""
    folders: list[str] = []
    files: list[tuple[str, int]] = []
    seen = 0
    try:
        place = _folder(root, parts)
    except OSError:
        return folders, files, seen
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, most):
                seen += 1
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.name)
                elif stat.S_ISREG(status.st_mode):
                    files.append((entry.name, status.st_size))
    finally:
        os.close(place)
    return folders, files, seen


def read_regular(root: Path, parts: Sequence[str], most: int) -> bytes | None:
    """The first `most` bytes of a file below `root`; None if there is no regular file that may be read."""
    try:
        place = _folder(root, parts[:-1])
        try:
            file = os.open(parts[-1], _FILE, dir_fd=place)
        finally:
            os.close(place)
    except OSError:
        return None
    try:
        return _read(file, most) if stat.S_ISREG(os.fstat(file).st_mode) else None
    except OSError:
        return None
    finally:
        os.close(file)


def _read(file: int, most: int) -> bytes:
    content = bytearray()
    while len(content) < most and (piece := os.read(file, min(1 << 20, most - len(content)))):
        content += piece
    return bytes(content)


def _folder(root: Path, parts: Sequence[str]) -> int:
    """A descriptor of a folder below `root`. Raises OSError where a step is a link or no folder."""
    place = os.open(root, _FOLDER)
    for part in parts:
        try:
            inner = os.open(part, _FOLDER, dir_fd=place)
        finally:
            os.close(place)
        place = inner
    return place


def printable(name: str) -> str:
    """A file's name as UTF-8 can hold it."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
