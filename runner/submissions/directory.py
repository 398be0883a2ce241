"""Reader of a directory: every file below it, without following a single link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from runner.submissions import git_repository, repository
from runner.submissions.collect import HISTORY, READ_BYTES, Collector, TooLargeError
from runner.submissions.errors import Problems, UnreadableError, show
from runner.submissions.limits import DOCUMENT_BYTES, PATH_PARTS
from runner.submissions.model import Submission

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(root: Path, source: str, problems: Problems) -> Submission:
    """The submission in the directory `root`. Raises SubmissionError.

    Of a git work tree, what git ignores is left out, and `created_at` is the commit date of HEAD.
    """
    found = Collector(problems)
    created_at: datetime | None = None
    ignored: frozenset[str] = frozenset()
    if (root / ".git").exists():
        created_at = git_repository.head_date(root)
        ignored = git_repository.ignored_paths(root)
    try:
        for path, entry in _walk(root, "", found, ignored):
            _take(path, entry, found)
    except TooLargeError:
        pass
    problems.raise_if_any()
    return repository.read(found, source, created_at, problems)


def _walk(root: Path, folder: str, found: Collector, ignored: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """The files below `folder` that may belong; links and special files are refused on the way."""
    try:
        entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UnreadableError([f"{show(folder or '.')}: cannot be read: {error.strerror}"]) from error
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        found.count_entry()
        if path in ignored:
            found.leave_out(path, "ignored by git")
        elif found.leaves_out_folder(path):
            continue
        elif entry.is_symlink():
            found.refuse(path, "is a link; a submission holds plain files")
        elif entry.is_dir(follow_symlinks=False) and path.count("/") >= PATH_PARTS:
            found.refuse(path, f"is more than {PATH_PARTS} folders deep; flatten it")
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path, found, ignored)
        elif entry.is_file(follow_symlinks=False):
            yield path, Path(entry.path)
        else:
            found.refuse(path, "is a device, socket or pipe; a submission holds plain files")


def _take(path: str, file: Path, found: Collector) -> None:
    if not found.wants(path):
        return
    try:
        # Opened without following links or waiting for a writer: the entry may have changed since.
        with os.fdopen(os.open(file, _OPEN), "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                found.refuse(path, "is no plain file")
                return
            found.take(path, stream.read(DOCUMENT_BYTES if path == HISTORY else READ_BYTES))
    except OSError as error:
        raise UnreadableError([f"{show(path)}: cannot be read: {error.strerror}"]) from error
