"""The cache layout of the hub's clients: `<kind>s--owner--name/{blobs,refs,snapshots}`.

`refs/<branch>` holds a commit; `snapshots/<commit>/` holds links to `blobs/<etag>`, and an etag is the git blob id or,
for large files, the sha256 of the content. What `snapshot_download(cache_dir=...)` writes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from sandbox.errors import InfrastructureError
from sandbox.repository import FileEntry

PREFIXES = {"model": "models", "dataset": "datasets", "metric": "spaces"}
REPO_TYPES = {"model": "model", "dataset": "dataset", "metric": "space"}
"""Our kinds in the words of the hub's clients: scripts of the `evaluate` library live in the hub's spaces."""
NOTES = "sandbox-review.json"
"""Beside `snapshots/`: what the hub said of the repository when it was downloaded."""
_GIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
LARGE_BYTES = 10 * 2**20
"""The hub refuses larger files outside large-file storage."""


def folder_name(kind: str, asset_id: str) -> str:
    """`models--owner--name`."""
    return "--".join([PREFIXES[kind], *asset_id.split("/")])


def parse_folder_name(name: str) -> tuple[str, str] | None:
    """(kind, id) of a repository's folder; None if it is something else."""
    prefix, _, rest = name.partition("--")
    kinds = [kind for kind, known in PREFIXES.items() if known == prefix]
    return (kinds[0], rest.replace("--", "/", 1)) if kinds and rest else None


def branches(repository: Path) -> dict[str, str]:
    """Branch -> commit; the most recent snapshot is `main` where no ref says so. Empty if there is no snapshot."""
    refs = repository / "refs"
    paths = (path for path in sorted(refs.rglob("*")) if path.is_file()) if refs.is_dir() else iter(())
    found = {path.relative_to(refs).as_posix(): path.read_text("utf-8", "replace").strip() for path in paths}
    commits = snapshots(repository)
    found = {name: commit for name, commit in found.items() if commit in commits}
    if commits and "main" not in found:
        found["main"] = max(commits, key=lambda commit: commits[commit].stat().st_mtime)
    return found


def snapshots(repository: Path) -> dict[str, Path]:
    """Commit -> folder."""
    folder = repository / "snapshots"
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()} if folder.is_dir() else {}


def files(root: Path, snapshot: Path) -> tuple[FileEntry, ...]:
    """Every file of a snapshot. Raises InfrastructureError for a link that leaves `root`, the mirror."""
    return tuple(_entry(path, target, snapshot) for path, target in inside(root.resolve(), snapshot))


def inside(root: Path, snapshot: Path) -> Iterator[tuple[Path, Path]]:
    """(path, where it really is) of every file. Raises InfrastructureError for a link that leaves `root`."""
    if not snapshot.resolve().is_relative_to(root):
        raise _leaves(snapshot)
    for path in sorted(snapshot.rglob("*")):
        target = path.resolve()
        if not target.is_relative_to(root):
            raise _leaves(path)
        if target.is_file():
            yield path, target


def _leaves(path: Path) -> InfrastructureError:
    return InfrastructureError(
        f"{path} is a link that leaves the mirror, or leads nowhere: nothing of this repository is served. "
        "Copy the file into the mirror, or take the repository in again: sandbox-review assets add --from DIR"
    )


def _entry(path: Path, target: Path, snapshot: Path) -> FileEntry:
    relative, size, name = path.relative_to(snapshot).as_posix(), target.stat().st_size, target.name
    if target.parent.name == "blobs" and _SHA256.fullmatch(name):
        return FileEntry(relative, size, pointer_oid(name, size), name)
    if target.parent.name == "blobs" and _GIT.fullmatch(name):
        return FileEntry(relative, size, name)
    oid, lfs = identify(target)
    return FileEntry(relative, size, oid, lfs)


def identify(path: Path) -> tuple[str, str]:
    """Git blob id, and sha256 if the hub would keep it in large-file storage; reads the whole file."""
    size = path.stat().st_size
    if size > LARGE_BYTES:
        with path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        return pointer_oid(sha256, size), sha256
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % size + content).hexdigest(), ""


def pointer_oid(sha256: str, size: int) -> str:
    """Git blob id of the pointer that stands in git for a large file."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
    return hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()
