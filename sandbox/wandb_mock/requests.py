"""Reads a request, and answers it from the store. What happens on the way is `app`'s."""

from __future__ import annotations

import gzip
import json
import mimetypes
import re
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.wandb_mock import execution, filestream
from sandbox.wandb_mock.api.context import Context
from sandbox.wandb_mock.api.run_changes import touch
from sandbox.wandb_mock.record import shorten
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.files import run_address

MAX_BODY = 256 * 2**20
"""Bytes, for uploads too: what is larger is no matter for a review cut short."""
MAX_STORE = 4 * 2**30
"""Bytes. The store is on the host's disk, and what fills it is under review."""
OPERATION = re.compile(r"\b(?:query|mutation)\s+(\w+)")
HEX_DIGEST = re.compile(r"[0-9a-f]{32}")
FILE_STREAM = re.compile(r"/files/([^/]+)/([^/]+)/([^/]+)/file_stream")
RUN_FILE = re.compile(r"/files/([^/]+)/([^/]+)/([^/]+)/(.+)")


@dataclass
class Asked:
    """A request taken apart."""

    method: str
    path: str
    """Still quoted."""
    kind: str = "unknown"
    operation: str = "unknown"
    authenticated: bool = False
    sent_key: bool = False
    base_url: str = ""
    body: bytes = b""
    json: Any = None
    sent: str = ""
    touched: dict[str, str] = field(default_factory=dict)
    reads: dict[str, dict[str, list[str]]] = field(default_factory=dict)


@dataclass
class Outcome:
    """A response, and what the record says of it."""

    response: Response
    sent: str = ""
    problem: str = ""


async def read(request: Request, good_key: bool) -> Asked:
    """Take a request apart. Raises RefusedError for a body that is too large or cannot be read."""
    raw_path = bytes(request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1").split("?")[0]
    asked = Asked(
        method=request.method,
        path=raw_path,
        authenticated=good_key,
        sent_key="authorization" in request.headers,
        base_url=f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
    )
    asked.kind = asked.operation = _kind(asked)
    asked.body = await _body(request)
    if asked.kind in ("graphql", "file_stream"):
        try:
            asked.json = json.loads(asked.body, parse_constant=str)
        except (ValueError, RecursionError) as problem:
            raise RefusedError(400, f"the body is not JSON: {problem}") from problem
    if asked.kind == "graphql" and isinstance(asked.json, dict):
        named = OPERATION.search(str(asked.json.get("query")))
        asked.operation = str(asked.json.get("operationName") or (named.group(1) if named else "graphql"))
        asked.sent = shorten(asked.json.get("variables") or {})
    return asked


def _kind(asked: Asked) -> str:
    if asked.path == "/graphql" and asked.method == "POST":
        return "graphql"
    if asked.method == "POST" and FILE_STREAM.fullmatch(asked.path):
        return "file_stream"
    if asked.path.startswith(("/storage/", "/artifacts/", "/artifactsV2/")) or RUN_FILE.fullmatch(asked.path):
        return {"PUT": "upload", "POST": "upload", "GET": "download", "HEAD": "download"}.get(asked.method, "unknown")
    return "page" if asked.method in ("GET", "HEAD") else "unknown"


async def _body(request: Request) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > MAX_BODY:
            raise RefusedError(413, f"more than {MAX_BODY} bytes")
    if request.headers.get("content-encoding") != "gzip" or not received:
        return bytes(received)
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(bytes(received), MAX_BODY + 1)
    except (zlib.error, gzip.BadGzipFile) as problem:
        raise RefusedError(400, f"the body is not gzip: {problem}") from problem
    if len(plain) > MAX_BODY:
        raise RefusedError(413, f"more than {MAX_BODY} bytes")
    return plain


def answer(store: Store, entity: str, asked: Asked) -> Outcome:
    """The right answer. Blocks on the store; raises RefusedError."""
    if asked.sent_key and not asked.authenticated and not asked.path.startswith("/storage/"):
        raise RefusedError(401, "user is not logged in")
    if asked.kind in ("graphql", "file_stream", "upload") and store.database.size() > MAX_STORE:
        raise RefusedError(413, f"the store is full: more than {MAX_STORE} bytes")
    match asked.kind:
        case "graphql":
            return _graphql(store, entity, asked)
        case "file_stream":
            return _file_stream(store, asked)
        case "upload":
            return _upload(store, asked)
        case "download":
            content = _download(store, asked)
            kind = mimetypes.guess_type(asked.path)[0] or "application/octet-stream"
            return Outcome(Response(content, media_type=kind), f"{asked.path} ({len(content)} bytes)")
        case "page":
            text = f"A W&B stand-in. It keeps runs, but has no pages to look at them: {unquote(asked.path)}\n"
            return Outcome(Response(text, media_type="text/plain"), asked.path)
        case _:
            raise RefusedError(404, f"this W&B stand-in does not answer {asked.method} {asked.path}")


def _graphql(store: Store, entity: str, asked: Asked) -> Outcome:
    if not isinstance(asked.json, dict):
        raise RefusedError(400, "the body must be one JSON object")
    context = Context(store, asked.base_url, entity, asked.authenticated, asked.touched, asked.reads)
    given = asked.json
    done = execution.run(given.get("query"), given.get("variables"), given.get("operationName"), context)
    asked.operation = done.operation or asked.operation
    words = "; ".join(problem["message"] for problem in done.body.get("errors", []))
    return Outcome(JSONResponse(done.body, status_code=done.status), problem=words)


def _file_stream(store: Store, asked: Asked) -> Outcome:
    matched = FILE_STREAM.fullmatch(asked.path)
    assert matched is not None
    if not asked.authenticated:
        raise RefusedError(401, "user is not logged in")
    owner, project, name = map(unquote, matched.groups())
    asked.touched |= {"entity": owner, "project": project, "run_id": name}
    run = store.runs.get(owner, project, name)
    account = filestream.accept(store, run, asked.json)
    return Outcome(JSONResponse(filestream.reply(store.runs.by_id(run.id))), account)


def _upload(store: Store, asked: Asked) -> Outcome:
    """Only addresses that were handed out are written to."""
    if not asked.path.startswith("/storage/"):
        raise RefusedError(404, f"this W&B stand-in takes no uploads at {asked.path}")
    address = unquote(asked.path.removeprefix("/storage/"))
    kind, _, rest = address.partition("/")
    if kind not in ("runs", "content", "artifacts", "manifests") or not rest or "\x00" in rest:
        raise RefusedError(404, f"this W&B stand-in takes no uploads at {asked.path}")
    if kind == "runs" and rest.split("/")[0].isascii() and rest.split("/")[0].isdigit():
        touch(Context(store, "", "", True, asked.touched), store.runs.by_id(int(rest.split("/")[0][:15])))
    store.files.put_blob(address, asked.body)
    return Outcome(Response(status_code=200), f"{address} ({len(asked.body)} bytes)")


def _download(store: Store, asked: Asked) -> bytes:
    path = unquote(asked.path)
    if path.startswith("/storage/"):
        return store.files.blob(path.removeprefix("/storage/"))
    if not asked.authenticated:
        raise RefusedError(401, "user is not logged in")
    matched = RUN_FILE.fullmatch(path)
    if matched:
        owner, project, name, file = matched.groups()
        return store.files.blob(run_address(store.runs.get(owner, project, name).id, file))
    # The client's own storage layouts all have the md5 of the content as one segment.
    digests = [part for part in path.split("/") if HEX_DIGEST.fullmatch(part)]
    if not digests:
        raise RefusedError(404, f"nothing is stored at {path}")
    return store.files.blob(f"content/{digests[-1]}")


def refused(refusal: RefusedError) -> Outcome:
    body = {"errors": [{"message": refusal.message}], "error": refusal.message}
    return Outcome(JSONResponse(body, status_code=refusal.status), problem=refusal.message)
