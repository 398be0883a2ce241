"""Files of runs and artifacts: where to upload them to, where to download them from."""

from __future__ import annotations

import fnmatch
import mimetypes
from typing import Any
from urllib.parse import quote

from sandbox.wandb_mock.api.context import Fields, Info, context, moment, page
from sandbox.wandb_mock.api.run_changes import named_run
from sandbox.wandb_mock.names import node_id, node_number
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.files import StoredFile, run_address
from sandbox.wandb_mock.store.rows import Run


def storage_url(source: StoredFile, info: Info, **_: Any) -> str:
    """Absolute, on the address that this client used for us; signed addresses need no key, neither does this."""
    return f"{context(info).base_url}/storage/{quote(source.address)}"


def run_files(
    source: Run,
    info: Info,
    names: list[str | None] | None = None,
    pattern: str | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    """Uploaded files. A name that was asked for but never uploaded is an empty file: clients test for size 0."""
    found = context(info).store.files.run_files(source.id)
    if names:
        known = {file.name: file for file in found}
        found = [known.get(name) or _absent(source, name) for name in names if name]
    if pattern:
        found = [file for file in found if fnmatch.fnmatchcase(file.name, pattern.replace("%", "*"))]
    return page(found, first, after, uploadHeaders=[])


def _absent(source: Run, name: str) -> StoredFile:
    return StoredFile(0, "run", name, run_address(source.id, name), 0, "", source.created_at)


def create_run_files(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given, of = arguments["input"], context(info)
    run = named_run(of, given)
    files = [of.store.files.add_run_file(run.id, check_file_name(name)) for name in given["files"]]
    return {"runID": node_id("Run", run.id), "uploadHeaders": [], "files": files}


def check_file_name(name: str) -> str:
    """Relative, inside the run. Raises RefusedError (400)."""
    parts = name.split("/")
    if not name or len(name) > 1000 or name.startswith("/") or ".." in parts or "\x00" in name:
        raise RefusedError(400, f"invalid file name {name!r}")
    return name


def mark_uploaded(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    named_run(context(info), arguments["input"])
    return {"success": True}


def delete_files(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    for node in arguments["input"]["files"]:
        context(info).store.files.delete_run_file(node_number("File", node))
    return {"success": True}


FIELDS: Fields = {
    "Run": {
        "files": run_files,
        "fileCount": lambda source, info: len(context(info).store.files.run_files(source.id)),
    },
    "File": {
        "id": lambda source, info: node_id("File", source.id),
        "displayName": lambda source, info: source.name,
        "url": storage_url,
        "directUrl": storage_url,
        "uploadUrl": storage_url,
        "uploadHeaders": lambda source, info: [],
        "uploadMultipartUrls": lambda source, info: None,
        "storagePath": lambda source, info: source.address,
        "sizeBytes": lambda source, info: source.size,
        "mimetype": lambda source, info: mimetypes.guess_type(source.name)[0] or "application/octet-stream",
        "digest": lambda source, info: source.md5,
        "updatedAt": lambda source, info: moment(source.stored_at),
    },
    "Mutation": {
        "createRunFiles": create_run_files,
        "markRunFilesUploaded": mark_uploaded,
        "deleteFiles": delete_files,
    },
}
