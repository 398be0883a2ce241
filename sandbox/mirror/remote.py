"""The real hub, as the host asks it: through `huggingface_hub`, with the host's own token."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.mirror import layout
from sandbox.repository import FileEntry, NotServedError

REAL_HUB = "https://huggingface.co"
ANSWER_SECONDS = 15.0
SPARE_BYTES = 2 * 2**30
"""Left free on the disk by every download."""


@dataclass(frozen=True)
class Description:
    """What the hub says of one revision of a repository."""

    id: str
    sha: str
    files: tuple[FileEntry, ...]
    notes: dict[str, Any]
    """For `sandbox-review.json`."""


class Remote:
    """One endpoint and one token. Methods raise NotServedError, saying what was asked of whom and what to do."""

    def __init__(self, endpoint: str = "", token: str = "") -> None:
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or REAL_HUB).rstrip("/")
        self.token = token or os.environ.get("HF_TOKEN") or ""

    def describe(self, kind: str, asset_id: str, revision: str = "main") -> Description | None:
        """None where the hub says that there is no such revision of it."""
        from huggingface_hub import HfApi
        from huggingface_hub.errors import RevisionNotFoundError

        api = HfApi(endpoint=self.endpoint, token=self.token or False)
        try:
            found = api.repo_info(
                asset_id,
                repo_type=layout.REPO_TYPES[kind],
                revision=None if revision == "main" else revision,
                files_metadata=True,
                timeout=ANSWER_SECONDS,
            )
        except RevisionNotFoundError:
            return None
        except Exception as problem:  # Which classes a failing network has depends on the library's version.
            raise self._not_served(kind, asset_id, problem) from problem
        return _read(found)

    def file(self, kind: str, asset_id: str, sha: str, entry: FileEntry, root: Path) -> Path:
        """Download one file into the mirror at `root`, unless it is there."""
        from huggingface_hub import hf_hub_download

        try:
            self._require_room(entry.size, root)
            path = hf_hub_download(
                asset_id,
                entry.path,
                repo_type=layout.REPO_TYPES[kind],
                revision=sha,
                cache_dir=root,
                endpoint=self.endpoint,
                token=self.token or False,
                etag_timeout=ANSWER_SECONDS,
            )
        except NotServedError:
            raise
        except Exception as problem:
            raise self._not_served(kind, f"{asset_id}/{entry.path}", problem) from problem
        return Path(path)

    def snapshot(self, kind: str, described: Description, root: Path, exclude: Sequence[str] = ()) -> Path:
        """Download all files of a revision; goes on where an earlier call stopped. Returns the snapshot's folder."""
        from huggingface_hub import snapshot_download

        try:
            self._require_room(sum(entry.size for entry in described.files), root)
            path = snapshot_download(
                described.id,
                repo_type=layout.REPO_TYPES[kind],
                revision=described.sha,
                cache_dir=root,
                endpoint=self.endpoint,
                token=self.token or False,
                etag_timeout=ANSWER_SECONDS,
                ignore_patterns=list(exclude) or None,
            )
        except NotServedError:
            raise
        except Exception as problem:
            raise self._not_served(kind, described.id, problem) from problem
        return Path(path)

    def _require_room(self, size: int, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(root).free
        if size + SPARE_BYTES > free:
            raise NotServedError(
                f"{size / 2**30:.1f} GiB would be downloaded to {root}, where {free / 2**30:.1f} GiB are free; "
                "give another directory with assets.mirror=DIR"
            )

    def _not_served(self, kind: str, asset_id: str, problem: Exception) -> NotServedError:
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError

        if isinstance(problem, GatedRepoError):
            what = f"{asset_id} is gated there, and the host's HF_TOKEN was not granted access"
        elif isinstance(problem, RepositoryNotFoundError):
            what = f"it has no {kind} {asset_id}, or it is private and the host's HF_TOKEN does not see it"
        elif isinstance(problem, HfHubHTTPError):
            what = f"asked for {kind} {asset_id}, it answered: {_first_line(problem)}"
        else:
            what = (
                f"it cannot be reached for {kind} {asset_id} ({_first_line(problem)}). Add it where there "
                "is network, or with --from DIR from a copy, and review with assets=mirror"
            )
        return NotServedError(f"{self.endpoint}: {what}")


def write_notes(kind: str, described: Description, root: Path) -> None:
    """Note what the hub said beside the snapshots, and which commit a branch stands for."""
    folder = root / layout.folder_name(kind, described.id)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / layout.NOTES
    listings: dict[str, Any] = {}
    if path.is_file():
        listings = json.loads(path.read_text("utf-8")).get("listings", {})
    listings[described.sha] = [[e.path, e.size, e.oid, e.lfs] for e in described.files]
    write_text(path, json.dumps({**described.notes, "listings": listings}, indent=1))


def write_ref(repository: Path, branch: str, sha: str) -> None:
    path = repository / "refs" / branch
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, sha)


def write_text(path: Path, text: str) -> None:
    """Whole or not at all: others may be reading."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    with os.fdopen(number, "w", encoding="utf-8") as handle:
        handle.write(text)
    Path(name).replace(path)


def _read(found: Any) -> Description:
    files = []
    for each in found.siblings or ():
        size, lfs = each.size or 0, each.lfs.sha256 if each.lfs else ""
        files.append(FileEntry(each.rfilename, size, each.blob_id or layout.pointer_oid(lfs, size), lfs))
    notes: dict[str, Any] = {"id": found.id, "gated": bool(found.gated), "tags": list(found.tags or ())}
    for key in ("pipeline_tag", "library_name"):
        if getattr(found, key, None):
            notes[key] = getattr(found, key)
    return Description(found.id, found.sha, tuple(files), notes)


def _first_line(problem: Exception) -> str:
    return (str(problem) or type(problem).__name__).strip().splitlines()[0][:200]
