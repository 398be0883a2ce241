"""Writes `manifest.json`: the files of each revision with the sizes and object ids that the hub would give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LARGE = (".safetensors", ".bin", ".parquet", ".model", ".pt", ".npz", ".zip", ".gz", ".arrow", ".h5", ".msgpack")
"""Endings that a new repository's .gitattributes sends to large-file storage."""
LARGE_BYTES = 10 * 2**20
"""The hub refuses larger files outside large-file storage."""


def describe(folder: Path) -> list[dict[str, Any]]:
    """Every file below `folder`: path, size in bytes, git blob id, sha256 if kept in large-file storage."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        relative, size, lfs = path.relative_to(folder).as_posix(), path.stat().st_size, ""
        if path.suffix in LARGE or size > LARGE_BYTES:
            # Gigabytes, for a wide stand-in: never all of it in memory.
            with path.open("rb") as handle:
                lfs = hashlib.file_digest(handle, "sha256").hexdigest()
            stored = f"version https://git-lfs.github.com/spec/v1\noid sha256:{lfs}\nsize {size}\n".encode()
        else:
            stored = path.read_bytes()
        oid = hashlib.sha1(b"blob %d\0" % len(stored) + stored).hexdigest()
        found.append({"path": relative, "size": size, "oid": oid, "lfs": lfs})
    return found


def write_manifest(
    folder: Path,
    revisions: Mapping[str, str],
    card: Mapping[str, Any],
    tags: Sequence[str],
    extra: Mapping[str, Any],
) -> None:
    """`revisions`: branch name -> folder below `folder`. `extra`: what the hub's description says besides."""
    described = {name: {"folder": sub, "files": describe(folder / sub)} for name, sub in revisions.items()}
    manifest = {"revisions": described, "card": card, "tags": list(tags), "extra": extra}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
