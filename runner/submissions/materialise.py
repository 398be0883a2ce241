"""Writing a submission's files where nothing it names can lead the writer astray."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from runner.submissions.paths import path_problem

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_tree(tree: Mapping[str, str], directory: Path) -> None:
    """Write `tree` (path to text) into `directory`, which must be missing or empty.

    Text is written as it is: UTF-8, line ends untouched. Folders are 0755 and files 0644. Raises
    FileExistsError when `directory` holds anything, ValueError for a path that may not be written.
    """
    for path in tree:
        if problem := path_problem(path):
            raise ValueError(f"{path!r} {problem}")
    directory.mkdir(parents=True, exist_ok=True)
    root = os.open(directory, _DIRECTORY)
    try:
        if next(os.scandir(root), None) is not None:
            raise FileExistsError(f"{directory} is not empty; materialise into a fresh directory")
        for path, text in tree.items():
            _write(root, path.split("/"), text.encode("utf-8"))
    finally:
        os.close(root)


def _write(root: int, parts: list[str], data: bytes) -> None:
    # Every step is relative to an open folder and follows no link, so a link that appears
    # between two writes cannot move the third.
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            with suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=folder)
            inner = os.open(part, _DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        with os.fdopen(os.open(parts[-1], _NEW_FILE, 0o644, dir_fd=folder), "wb") as file:
            file.write(data)
    finally:
        os.close(folder)
