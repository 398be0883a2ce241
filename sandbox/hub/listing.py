"""The hub's JSON descriptions of a repository, made from what a source says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.repository import FileEntry, Repository, Revision

FIRST_SEEN = "2023-01-01T00:00:00.000Z"
"""Stand-ins have no history; every date that clients parse is this one."""


def info(repository: Repository, revision: Revision, blobs: bool) -> dict[str, Any]:
    """`/api/models/ID` and `/api/datasets/ID`. `blobs`: also sizes and object ids of the files."""
    asset, card = repository.asset, repository.card
    siblings = []
    for entry in revision.files:
        sibling: dict[str, Any] = {"rfilename": entry.path}
        if blobs:
            sibling |= {"size": entry.size, "blobId": entry.oid}
            if entry.lfs:
                sibling["lfs"] = {"sha256": entry.lfs, "size": entry.size, "pointerSize": 134}
        siblings.append(sibling)
    found: dict[str, Any] = {
        "_id": revision.sha[:24],
        "id": asset.id,
        "sha": revision.sha,
        "lastModified": FIRST_SEEN,
        "createdAt": FIRST_SEEN,
        "private": False,
        "gated": "manual" if asset.gated else False,
        "disabled": False,
        "downloads": 1000,
        "likes": 10,
        "tags": repository.tags,
        "siblings": siblings,
    }
    if "/" in asset.id:
        found["author"] = asset.id.split("/")[0]
    if card:
        found["cardData"] = card
    if asset.kind == "model":
        found |= {"modelId": asset.id, "library_name": repository.extra.get("library_name", "transformers")}
        found |= {
            key: repository.extra[key] for key in ("pipeline_tag", "config", "safetensors") if key in repository.extra
        }
    return found


def tree_entry(entry: FileEntry, expand: bool, sha: str) -> dict[str, Any]:
    """One file of `/tree` and `/paths-info`."""
    found: dict[str, Any] = {"type": "file", "oid": entry.oid, "size": entry.size, "path": entry.path}
    if entry.lfs:
        found["lfs"] = {"oid": entry.lfs, "size": entry.size, "pointerSize": 134}
    return found | (_expanded(sha) if expand else {})


def folder_entry(path: str, expand: bool, sha: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "directory", "oid": sha, "size": 0, "path": path}
    return found | (_expanded(sha) if expand else {})


def _expanded(sha: str) -> dict[str, Any]:
    commit = {"id": sha, "title": "Update files", "date": FIRST_SEEN}
    return {"lastCommit": commit, "securityFileStatus": {"status": "safe"}}


def tree(revision: Revision, folder: str, recursive: bool, expand: bool) -> list[dict[str, Any]] | None:
    """The entries below `folder` ("" is the root); None if there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    inside = [entry for entry in revision.files if entry.path.startswith(prefix)]
    if folder and not inside:
        return None
    found = [folder_entry(path, expand, revision.sha) for path in sorted(_folders(inside, prefix, recursive))]
    files = [entry for entry in inside if recursive or "/" not in entry.path[len(prefix) :]]
    return found + [tree_entry(entry, expand, revision.sha) for entry in files]


def _folders(entries: Iterable[FileEntry], prefix: str, recursive: bool) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        parts = entry.path[len(prefix) :].split("/")[:-1]
        depths = range(1, len(parts) + 1) if recursive else range(1, min(len(parts), 1) + 1)
        found.update(prefix + "/".join(parts[:depth]) for depth in depths)
    return found


def paths_info(revision: Revision, paths: Iterable[str], expand: bool) -> list[dict[str, Any]]:
    """`/paths-info`: what exists of the paths asked for; the others are left out, as on the real hub."""
    files = {entry.path: entry for entry in revision.files}
    folders = _folders(revision.files, "", recursive=True)
    found = []
    for path in (path.strip("/") for path in paths):
        if path in files:
            found.append(tree_entry(files[path], expand, revision.sha))
        elif path in folders:
            found.append(folder_entry(path, expand, revision.sha))
    return found


def refs(repository: Repository) -> dict[str, Any]:
    """`/refs`: branches, converted branches and tags."""
    found: dict[str, list[dict[str, str]]] = {"branches": [], "converts": [], "tags": []}
    for name, revision in repository.revisions.items():
        if name.startswith("refs/convert/"):
            entry = {"name": name.rsplit("/", 1)[1], "ref": name, "targetCommit": revision.sha}
            found["converts"].append(entry)
        else:
            entry = {"name": name, "ref": f"refs/heads/{name}", "targetCommit": revision.sha}
            found["branches"].append(entry)
    return found
