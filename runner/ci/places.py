"""Where a finding lies in the repository that the CI has checked out, which may hold the submission deeper down."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from runner.reports.findings import Group, location
from runner.reports.text import one_line


@dataclass(frozen=True)
class Place:
    """A file of the checkout and a line of it; None where the finding has none there."""

    file: str | None
    line: int | None


@dataclass(frozen=True)
class Checkout:
    """How paths inside the submission are called in the repository."""

    folder: str | None
    """Of the submission, relative to the repository's root; None where its files are not there one by one."""
    submission: str | None
    """The submission's own file in the repository (a submission.json, an archive), for findings without a place."""

    def place(self, group: Group) -> Place:
        finding = group.finding
        if self.folder is None:
            return Place(self.submission, 1 if self.submission else None)
        if finding.file is None:
            return Place(None, None)
        return Place(str(PurePosixPath(self.folder) / one_line(finding.file, 1000)), finding.line)

    def headed(self, group: Group) -> str:
        """The criterion, and where the finding lies if its line cannot be annotated."""
        place = location(group.finding) if self.folder is None else ""
        return ", ".join(filter(None, [group.finding.criterion, place]))


def checkout(submission: str, root: Path) -> Checkout:
    """How `submission`, a word of the command line, lies in the repository at `root`."""
    path = Path(submission.partition("@")[0])
    try:
        inside = path.resolve().relative_to(root.resolve())
    except (OSError, ValueError):
        return Checkout(None, None)
    if path.is_dir():
        return Checkout(inside.as_posix(), None)
    return Checkout(None, inside.as_posix() if path.is_file() else None)
