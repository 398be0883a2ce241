"""Reads the manifest that a client uploaded for an artifact version: which files it has, and where their content is."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from sandbox.json_values import parse
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.files import StoredFile
from sandbox.wandb_mock.store.rows import Artifact

MAX_BYTES = 8 * 2**20
"""Of a manifest that is read; one entry has some 200."""


@dataclass(frozen=True)
class Entry:
    """One file of a manifest."""

    path: str
    digest: str
    """Base64 of the md5 of its content; for references whatever the client made of the address."""
    size: int
    reference: str
    """The address that a reference points to, "" for a file that was uploaded."""


def manifest_address(manifest_id: int) -> str:
    return f"manifests/{manifest_id}"


def content_address(artifact_id: int, name: str, digest: str | None) -> str:
    """Content is addressed by its md5, so that unchanged files of the next version are found without an upload."""
    known = hex_digest(digest)
    return f"content/{known}" if known else f"artifacts/{artifact_id}/{name}"


def hex_digest(digest: str | None) -> str:
    """The hexadecimal form of a base64 md5 digest, "" if it is none."""
    try:
        raw = base64.b64decode(digest or "", validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) == 16 else ""


def entries(store: Store, artifact: Artifact) -> list[Entry]:
    """The files of a version by its newest uploaded manifest; empty if there is none."""
    for manifest in store.artifacts.manifests(artifact.id):
        address = manifest_address(manifest.id)
        if store.files.has_blob(address):
            content = store.files.blob(address)
            if content.size > MAX_BYTES:
                raise RefusedError(400, f"the uploaded manifest has more than {MAX_BYTES} bytes")
            return _read(b"".join(content.pieces()))
    return []


def _read(content: bytes) -> list[Entry]:
    try:
        listed: Any = parse(content.decode())["contents"]
        return [
            Entry(path, str(entry.get("digest", "")), int(entry.get("size") or 0), str(entry.get("ref") or ""))
            for path, entry in listed.items()
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise RefusedError(400, f"the uploaded manifest cannot be read: {problem}") from problem


def stored_files(store: Store, artifact: Artifact) -> list[StoredFile]:
    """The entries as files; references are listed with the size that the client gave."""
    found = []
    for number, entry in enumerate(entries(store, artifact)):
        address = content_address(artifact.id, entry.path, entry.digest)
        found.append(StoredFile(number, "artifact", entry.path, address, entry.size, entry.digest, artifact.created_at))
    return found
