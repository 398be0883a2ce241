"""What can be asked of one revision of a repository."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from sandbox.hub import errors, listing
from sandbox.hub.address import Address, raw_path
from sandbox.repository import Repository, Revision

TRUE = ("true", "True", "1")
PAGE = 1000
"""Entries of a tree per page; the hub gives 1000 and names the next page in the Link header."""


async def resolve(request: Request, address: Address, revision: Revision) -> Response:
    """A file's content, or with HEAD its size and tags. Ranges are answered by Starlette. Raises NotServedError."""
    entry = revision.by_path.get(address.path)
    if entry is None:
        response: Response = errors.entry_not_found(address.path, address.revision)
        response.headers["X-Repo-Commit"] = revision.sha
        return response
    headers = {
        "ETag": f'"{entry.etag}"',
        "X-Repo-Commit": revision.sha,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'inline; filename="{entry.path.rsplit("/", 1)[-1]}"',
        "Access-Control-Expose-Headers": "X-Repo-Commit,X-Linked-Size,X-Linked-ETag,Accept-Ranges,Content-Range",
    }
    if entry.lfs:
        headers |= {"X-Linked-Size": str(entry.size), "X-Linked-ETag": f'"{entry.lfs}"'}
    if request.method == "HEAD":
        # Answered from the listing: the content may be far away still.
        return Response(headers=headers | {"Content-Length": str(entry.size)})
    path = await run_in_threadpool(revision.locate, entry)
    plain = entry.path.endswith((".json", ".txt", ".md", ".py", ".yaml", ".csv", ".jsonl", ".jinja"))
    media_type = "text/plain; charset=utf-8" if plain else "application/octet-stream"
    return FileResponse(path, headers=headers, media_type=media_type)


def info(request: Request, repository: Repository, revision: Revision) -> Response:
    query = request.query_params
    described = listing.info(repository, revision, blobs=query.get("blobs") in TRUE)
    if query.get("securityStatus") in TRUE:
        described["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
    return JSONResponse(described, headers={"X-Repo-Commit": revision.sha})


def tree(request: Request, address: Address, revision: Revision) -> Response:
    query = request.query_params
    recursive, expand = query.get("recursive") in TRUE, query.get("expand") in TRUE
    entries = listing.tree(revision, address.path.strip("/"), recursive, expand)
    if entries is None:
        return errors.entry_not_found(address.path, address.revision)
    start = int(query["cursor"]) if query.get("cursor", "").isdecimal() else 0
    limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 0
    # One page holds everything unless a caller asks for less.
    end = start + (limit or max(PAGE, len(entries)))
    headers = {"X-Repo-Commit": revision.sha}
    if end < len(entries):
        # By the name that the client reaches us by.
        onward = urlencode({**query, "cursor": end})
        address_here = f"{request.url.scheme}://{request.url.netloc}{raw_path(request)}"
        headers["Link"] = f'<{address_here}?{onward}>; rel="next"'
    return JSONResponse(entries[start:end], headers=headers)


async def paths_info(request: Request, revision: Revision) -> Response:
    """The paths come as JSON or as a form, by the client's version."""
    body = await request.body()
    try:
        asked: dict[str, Any] = json.loads(body)
        paths, expand = asked.get("paths", []), bool(asked.get("expand", False))
    except (ValueError, AttributeError):
        form = parse_qs(body.decode("utf-8", "replace"))
        paths, expand = form.get("paths", []), form.get("expand", ["False"])[0] in TRUE
    paths = [paths] if isinstance(paths, str) else [path for path in paths if isinstance(path, str)]
    return JSONResponse(listing.paths_info(revision, paths, expand))


def refs(repository: Repository) -> Response:
    return JSONResponse(listing.refs(repository))


def commits(revision: Revision) -> Response:
    commit = {
        "id": revision.sha,
        "title": "Update files",
        "message": "",
        "date": listing.FIRST_SEEN,
        "authors": [],
    }
    return JSONResponse([commit], headers={"X-Total-Count": "1"})
