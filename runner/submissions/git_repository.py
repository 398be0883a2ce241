"""Reader of PATH@COMMIT, and what a directory that is a git work tree says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from runner.submissions import repository
from runner.submissions.collect import HISTORY, READ_BYTES, Collector, TooLargeError
from runner.submissions.errors import Problems, UnreadableError, show
from runner.submissions.git_blobs import Blobs
from runner.submissions.git_command import GitError, GitMissingError, run_git
from runner.submissions.limits import DOCUMENT_BYTES, MIB
from runner.submissions.model import Submission

_COMMIT = re.compile(r"[A-Za-z0-9_@][\w./~^@{}+-]{0,249}", re.ASCII)
_COMMITTER = re.compile(rb"^committer .*> (\d{1,12}) ([+-])(\d{2})(\d{2})$", re.MULTILINE)
_LISTING_BYTES = 16 * MIB
_LINK, _SUBMODULE = "120000", "160000"


@dataclass(frozen=True)
class _Entry:
    mode: str
    sha: str
    size: int | None
    path: str


def read(root: Path, commit: str, source: str, problems: Problems) -> Submission:
    """The submission that `commit` of the repository at `root` holds. Raises SubmissionError.

    `created_at` is the committer's date.
    """
    found = Collector(problems)
    created_at: datetime | None = None
    try:
        sha = _resolve(root, commit)
        created_at = _commit_date(root, sha)
        _collect(root, sha, found)
    except GitMissingError as error:
        raise UnreadableError([f"{show(source)}: {error}"]) from error
    except GitError as error:
        problems.add(show(source), str(error))
    except TooLargeError:
        pass
    problems.raise_if_any()
    return repository.read(found, source, created_at, problems)


def head_date(root: Path) -> datetime | None:
    """The committer's date of HEAD of the work tree at `root`; None without a commit or without git."""
    try:
        return _commit_date(root, _resolve(root, "HEAD"))
    except GitError:
        return None


def ignored_paths(root: Path) -> frozenset[str]:
    """The untracked files and folders that git ignores in the work tree at `root`; none without git."""
    listing = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]
    try:
        output = run_git(root, listing, _LISTING_BYTES)
    except GitError:
        return frozenset()
    return frozenset(name.decode("utf-8", "surrogateescape").rstrip("/") for name in output.split(b"\0") if name)


def _resolve(root: Path, commit: str) -> str:
    if not _COMMIT.fullmatch(commit):
        raise GitError(f"{show(commit)} is no commit; give a hash, a branch or a tag")
    # The name goes in by the input, where git takes nothing for an option.
    answer = run_git(root, ["cat-file", "--batch-check"], 4096, f"{commit}^{{commit}}\n".encode())
    words = answer.decode("utf-8", "replace").split()
    if len(words) != 3 or words[1] != "commit":
        raise GitMissingError(f"has no commit {show(commit)}; give a hash, a branch or a tag that is in this clone")
    return words[0]


def _commit_date(root: Path, sha: str) -> datetime | None:
    header = run_git(root, ["cat-file", "commit", sha], MIB).partition(b"\n\n")[0]
    committer = _COMMITTER.search(header)
    if committer is None:
        return None
    seconds, sign, hours, minutes = committer.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    try:
        zone = timezone(-offset if sign == b"-" else offset)
        return datetime.fromtimestamp(int(seconds), UTC).astimezone(zone)
    except (OverflowError, ValueError, OSError):
        return None


def _collect(root: Path, sha: str, found: Collector) -> None:
    with Blobs(root) as blobs:
        for entry in _entries(root, sha):
            found.count_entry()
            if not found.wants(entry.path):
                continue
            if entry.mode == _LINK:
                found.refuse(entry.path, "is a link; a submission holds plain files")
            elif entry.mode == _SUBMODULE:
                found.leave_out(entry.path, "a submodule")
            elif entry.size is None:
                found.refuse(entry.path, "is missing from this clone; give a full clone")
            else:
                most = DOCUMENT_BYTES if entry.path == HISTORY else READ_BYTES
                found.take(entry.path, blobs.read(entry.sha, entry.size, most))


def _entries(root: Path, sha: str) -> Iterator[_Entry]:
    listing = run_git(root, ["ls-tree", "-r", "-z", "-l", "--full-tree", sha], _LISTING_BYTES)
    for line in listing.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, _, blob, size = about.decode("ascii").split()
            # git prints BAD for a blob that a partial clone lacks, and - for a submodule.
            yield _Entry(mode, blob, int(size) if size.isdigit() else None, path.decode("utf-8", "surrogateescape"))
