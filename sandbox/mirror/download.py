"""Downloads a whole repository into a mirror, on a machine with network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.mirror import layout
from sandbox.mirror.remote import Remote, write_notes, write_ref
from sandbox.repository import NotServedError


@dataclass(frozen=True)
class InMirror:
    """One repository that a mirror has now."""

    kind: str
    id: str
    folder: Path
    files: int
    bytes: int
    """Of the files of this revision."""


def download(
    kind: str,
    asset_id: str,
    root: Path,
    revision: str = "main",
    exclude: Sequence[str] = (),
    remote: Remote | None = None,
) -> InMirror:
    """Fetch a revision into the mirror at `root`; a call that was stopped is taken up where it ended.

    Raises NotServedError, saying what was asked of whom, if it cannot be had.
    """
    remote = remote or Remote()
    described = remote.describe(kind, asset_id, revision)
    if described is None:
        raise NotServedError(f"{remote.endpoint}: {kind} {asset_id} has no revision {revision!r}")
    snapshot = remote.snapshot(kind, described, root, exclude)
    write_notes(kind, described, root)
    folder = root / layout.folder_name(kind, described.id)
    if revision != described.sha:
        write_ref(folder, revision, described.sha)
    here = layout.files(root, snapshot)
    return InMirror(kind, described.id, folder, len(here), sum(entry.size for entry in here))
