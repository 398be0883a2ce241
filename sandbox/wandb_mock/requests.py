"""Reads a request, and answers it from the store. What happens on the way is `app`'s."""

from __future__ import annotations

import base64
import io
import json
import mimetypes
import re
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.json_values import parse, whole_pairs
from sandbox.wandb_mock import execution, filestream
from sandbox.wandb_mock.api.context import Context
from sandbox.wandb_mock.api.run_changes import touch
from sandbox.wandb_mock.bodies import PIECE
from sandbox.wandb_mock.record import shorten
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.files import Blob, run_address

MAX_STORE = 4 * 2**30
"""Bytes. The store is on the host's disk, and what fills it is under review."""
MAX_TEXT = 32 * 2**20
"""Bytes of the store without uploads: configurations, histories and console output, which are looked at in memory."""
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
    body: IO[bytes] = field(default_factory=io.BytesIO)
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


class Json(JSONResponse):
    """An answer in ASCII: there is no text that it cannot hold."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def take_apart(request: Request, good_key: bool) -> Asked:
    """A request without its body."""
    raw_path = bytes(request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1").split("?")[0]
    asked = Asked(
        method=request.method,
        path=raw_path,
        authenticated=good_key,
        sent_key="authorization" in request.headers,
        base_url=f"{request.url.scheme}://{request.headers.get('host', 'localhost')}",
    )
    asked.kind = asked.operation = _kind(asked)
    return asked


def read(asked: Asked, body: IO[bytes]) -> None:
    """Add a request's body. Raises RefusedError for one that cannot be read."""
    asked.body = body
    if asked.kind in ("graphql", "file_stream"):
        asked.json = _json(body.read())
    if asked.kind == "graphql" and isinstance(asked.json, dict):
        named = OPERATION.search(str(asked.json.get("query")))
        asked.operation = str(asked.json.get("operationName") or (named.group(1) if named else "graphql"))
        asked.sent = shorten(asked.json.get("variables") or {})


def _json(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        if whole_pairs(text) != text:
            raise RefusedError(400, "the body holds half a surrogate pair")
        return parse(text)
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, f"the body is not JSON: {problem}") from problem


def _kind(asked: Asked) -> str:
    if asked.path == "/graphql" and asked.method == "POST":
        return "graphql"
    if asked.method == "POST" and FILE_STREAM.fullmatch(asked.path):
        return "file_stream"
    if asked.path.startswith(("/storage/", "/artifacts/", "/artifactsV2/")) or RUN_FILE.fullmatch(asked.path):
        return {"PUT": "upload", "POST": "upload", "GET": "download", "HEAD": "download"}.get(asked.method, "unknown")
    return "page" if asked.method in ("GET", "HEAD") else "unknown"


def answer(store: Store, entity: str, asked: Asked, bounded: bool = False) -> Outcome:
    """The right answer. Blocks on the store; raises RefusedError. `bounded`: the store takes `MAX_TEXT` and no more."""
    if asked.sent_key and not asked.authenticated and not asked.path.startswith("/storage/"):
        raise RefusedError(401, "user is not logged in")
    if asked.kind in ("graphql", "file_stream", "upload") and store.database.size() > MAX_STORE:
        raise RefusedError(413, f"the store is full: more than {MAX_STORE} bytes")
    if bounded and _adds_text(asked) and store.database.text_size() > MAX_TEXT:
        raise RefusedError(413, f"the store is full: more than {MAX_TEXT} bytes of text")
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
            headers = {"content-length": str(content.size)}
            response = StreamingResponse(content.pieces(), media_type=kind, headers=headers)
            return Outcome(response, f"{asked.path} ({content.size} bytes)")
        case "page":
            text = f"A W&B stand-in. It keeps runs, but has no pages to look at them: {unquote(asked.path)}\n"
            return Outcome(Response(text, media_type="text/plain"), asked.path)
        case _:
            raise RefusedError(404, f"this W&B stand-in does not answer {asked.method} {asked.path}")


def _adds_text(asked: Asked) -> bool:
    changes = asked.kind == "graphql" and isinstance(asked.json, dict) and "mutation" in str(asked.json.get("query"))
    return changes or asked.kind == "file_stream"


def _graphql(store: Store, entity: str, asked: Asked) -> Outcome:
    if not isinstance(asked.json, dict):
        raise RefusedError(400, "the body must be one JSON object")
    context = Context(store, asked.base_url, entity, asked.authenticated, asked.touched, asked.reads)
    given = asked.json
    done = execution.run(given.get("query"), given.get("variables"), given.get("operationName"), context)
    asked.operation = done.operation or asked.operation
    words = "; ".join(problem["message"] for problem in done.body.get("errors", []))
    return Outcome(Json(done.body, status_code=done.status), problem=words)


def _file_stream(store: Store, asked: Asked) -> Outcome:
    matched = FILE_STREAM.fullmatch(asked.path)
    assert matched is not None
    if not asked.authenticated:
        raise RefusedError(401, "user is not logged in")
    owner, project, name = map(unquote, matched.groups())
    asked.touched |= {"entity": owner, "project": project, "run_id": name}
    run = store.runs.get(owner, project, name)
    account = filestream.accept(store, run, asked.json)
    return Outcome(Json(filestream.reply(store.runs.by_id(run.id))), account)


def _upload(store: Store, asked: Asked) -> Outcome:
    """Only addresses that were handed out are written to."""
    if not asked.path.startswith("/storage/"):
        raise RefusedError(404, f"this W&B stand-in takes no uploads at {asked.path}")
    address = unquote(asked.path.removeprefix("/storage/"))
    if not _handed_out(store, address):
        raise RefusedError(404, f"this W&B stand-in takes no uploads at {asked.path}")
    if address.startswith("runs/"):
        touch(Context(store, "", "", True, asked.touched), store.runs.by_id(_number(address.split("/")[1])))
    size = asked.body.seek(0, io.SEEK_END)
    asked.body.seek(0)
    store.files.put_blob(address, size, iter(lambda: asked.body.read(PIECE), b""))
    return Outcome(Response(status_code=200), f"{address} ({size} bytes)")


def _handed_out(store: Store, address: str) -> bool:
    """Whether an address is one that a run, an announced file of an artifact or its manifest has. May raise 404."""
    kind, _, rest = address.partition("/")
    owner, _, name = rest.partition("/")
    match kind:
        case "runs":
            return bool(name) and "\x00" not in name and store.runs.by_id(_number(owner)).id > 0
        case "artifacts":
            return store.artifacts.announced(_number(owner), name)
        case "manifests":
            return not name and store.artifacts.manifest(_number(owner)).id > 0
        case "content":
            known = HEX_DIGEST.fullmatch(rest) is not None
            return known and store.artifacts.announced_content(base64.b64encode(bytes.fromhex(rest)).decode())
        case _:
            return False


def _number(text: str) -> int:
    """A row's number, -1 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _download(store: Store, asked: Asked) -> Blob:
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
    return Outcome(Json(body, status_code=refusal.status), problem=refusal.message)
