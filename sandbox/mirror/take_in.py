"""Copies local folders into a mirror: a plain folder of a repository's files, or a cache of the hub's clients."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.errors import InfrastructureError
from sandbox.mirror import layout
from sandbox.mirror.download import InMirror
from sandbox.mirror.remote import write_ref

SKIPPED = frozenset([".git", ".cache", "__pycache__"])
"""Folders of a plain copy that are none of the repository's."""


class FolderError(Exception):
    """The folder holds nothing that can be taken in; the message says what is possible."""


def take_in(source: Path, root: Path, kind: str | None, asset_id: str | None) -> list[InMirror]:
    """Copy what `source` holds into the mirror at `root`. Raises FolderError, InfrastructureError for a link outside.

    A cache of the hub's clients (or one repository of it) says itself what it holds; `kind` and `asset_id` choose from
    it. A plain folder of files needs an id; it is a model unless `kind` says otherwise.
    """
    if not source.is_dir():
        raise FolderError(f"{source} is no folder")
    repositories = list(_repositories(source))
    if repositories:
        wanted = [each for each in repositories if kind in (None, each[0]) and asset_id in (None, each[1])]
        if not wanted:
            held = ", ".join(f"{found_kind} {found_id}" for found_kind, found_id, _ in repositories)
            raise FolderError(f"{source} has no {kind or 'asset'} {asset_id or ''}; it has {held}")
        return [_repository(each_kind, each_id, folder, root) for each_kind, each_id, folder in wanted]
    if asset_id is None:
        raise FolderError(f"{source} is a plain folder: say whose files these are with --id OWNER/NAME")
    return [_plain(kind or "model", asset_id, source, root)]


def _repositories(source: Path) -> Iterator[tuple[str, str, Path]]:
    for folder in [source, *sorted(source.iterdir()), *sorted((source / "hub").glob("*"))]:
        parsed = layout.parse_folder_name(folder.name)
        if parsed is not None and layout.snapshots(folder):
            yield *parsed, folder


def _repository(kind: str, asset_id: str, folder: Path, root: Path) -> InMirror:
    target = root / layout.folder_name(kind, asset_id)
    sizes: list[int] = []
    for sha, snapshot in layout.snapshots(folder).items():
        sizes += _copy(layout.inside(folder.resolve(), snapshot), snapshot, target, sha)
    for branch, sha in layout.branches(folder).items():
        write_ref(target, branch, sha)
    notes = folder / layout.NOTES
    if notes.is_file():
        shutil.copyfile(notes, target / layout.NOTES)
    return InMirror(kind, asset_id, target, len(sizes), sum(sizes))


def _plain(kind: str, asset_id: str, source: Path, root: Path) -> InMirror:
    found = [
        (path, real)
        for path, real in layout.inside(source.resolve(), source)
        if not SKIPPED & set(path.relative_to(source).parts)
    ]
    if not found:
        raise FolderError(f"{source} holds no files")
    state = hashlib.sha1()
    for path, real in found:
        state.update(f"{path.relative_to(source).as_posix()}\0{layout.identify(real)}\0".encode())
    target = root / layout.folder_name(kind, asset_id)
    sizes = _copy(found, source, target, state.hexdigest())
    write_ref(target, "main", state.hexdigest())
    return InMirror(kind, asset_id, target, len(sizes), sum(sizes))


def _copy(found: Iterable[tuple[Path, Path]], base: Path, target: Path, sha: str) -> list[int]:
    """Copy files as blobs with links to them; returns their sizes in bytes. A file that has its name is whole."""
    blobs, snapshot = target / "blobs", target / "snapshots" / sha
    blobs.mkdir(parents=True, exist_ok=True)
    sizes = []
    for path, real in found:
        oid, lfs = layout.identify(real)
        blob, link = blobs / (lfs or oid), snapshot / path.relative_to(base)
        if not blob.exists():
            part = blob.with_name(f"{blob.name}.{os.getpid()}.incomplete")
            shutil.copyfile(real, part)
            part.replace(blob)
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(os.path.relpath(blob, link.parent))
        sizes.append(real.stat().st_size)
    if not sizes:
        raise InfrastructureError(f"{base} holds no files")
    return sizes
