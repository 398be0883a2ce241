"""The hub's addresses, answered from a source of assets; every request is recorded with what stood behind it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.errors import InfrastructureError
from sandbox.hub import actions, errors, services
from sandbox.hub.address import Address, parse, raw_path
from sandbox.hub.record import HubRequest
from sandbox.recording import Recorder
from sandbox.repository import Asset, AssetSource, NotServedError, Provided, Repository, Revision


@dataclass
class _Answer:
    """A response and what the record says of it."""

    response: Response
    provided: Provided
    canonical: str = ""
    detail: str = ""


def hub_app(source: AssetSource, recorder: Recorder[HubRequest]) -> Starlette:
    """The application; one per stage attempt, so that `recorder` holds that attempt's requests only."""

    async def serve(request: Request) -> Response:
        arrived, began = time.time(), time.perf_counter()
        address = parse(raw_path(request))
        if address is None:
            name, response = await services.answer(request, source)
            answer = _Answer(response, Provided.SERVICE)
        else:
            name = address.action
            answer = await _answer(request, address, source)
        recorder.add(
            HubRequest(
                time=arrived,
                seconds=round(time.perf_counter() - began, 6),
                method=request.method,
                kind=address.kind if address else "",
                repo=address.repo if address else "",
                canonical=answer.canonical or (address.repo if address else ""),
                revision=address.revision if address else "",
                action=name,
                path=address.path if address else request.url.path,
                status=answer.response.status_code,
                provided=answer.provided,
                detail=answer.detail,
            )
        )
        return answer.response

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", serve, methods=methods)])


async def _answer(request: Request, address: Address, source: AssetSource) -> _Answer:
    authenticated = "authorization" in request.headers
    try:
        asset = await run_in_threadpool(source.find, address.kind, address.repo)
    except NotServedError as problem:
        return _Answer(errors.repository_not_found(authenticated), Provided.MISSING, detail=str(problem))
    if asset is None:
        exists = source.can_exist(address.kind, address.repo)
        provided = Provided.MISSING if exists else Provided.NONEXISTENT
        return _Answer(errors.repository_not_found(authenticated), provided)
    provided = source.provided(asset)
    if asset.id != address.repo:
        return _Answer(_moved(request, address, asset), provided, asset.id)
    if asset.gated and not authenticated and not address.api:
        return _Answer(errors.gated(asset.id, authenticated), Provided.GATED, asset.id)
    try:
        repository = await run_in_threadpool(source.repository, asset)
        revision = await run_in_threadpool(repository.revision, address.revision)
        if revision is None:
            return _Answer(errors.revision_not_found(address.revision), provided, asset.id)
        response = await _act(request, address, repository, revision)
    except NotServedError as problem:
        return _Answer(errors.unavailable(), Provided.MISSING, asset.id, str(problem))
    except InfrastructureError as problem:
        return _Answer(errors.unavailable(), Provided.INFRASTRUCTURE, asset.id, str(problem))
    return _Answer(response, provided, asset.id)


def _moved(request: Request, address: Address, asset: Asset) -> Response:
    """Short and former names are redirected to today's id, by a relative address, as the hub does."""
    segments = [segment for segment in raw_path(request).split("/") if segment]
    # Clients may quote the slash of an id, which is one segment then.
    places = ((begin, begin + length) for begin in range(len(segments)) for length in (1, 2))
    begin, end = next(at for at in places if unquote("/".join(segments[slice(*at)])) == address.repo)
    target = "/" + "/".join([*segments[:begin], asset.id, *segments[end:]])
    if request.url.query:
        target += f"?{request.url.query}"
    return RedirectResponse(target, status_code=307)


async def _act(request: Request, address: Address, repository: Repository, revision: Revision) -> Response:
    match address.action:
        case "resolve":
            return await actions.resolve(request, address, revision)
        case "info":
            return actions.info(request, repository, revision)
        case "tree":
            return actions.tree(request, address, revision)
        case "paths-info":
            return await actions.paths_info(request, revision)
        case "refs":
            return actions.refs(repository)
        case "treesize":
            return JSONResponse({"path": "/", "size": sum(entry.size for entry in revision.files)})
        case "commits":
            return actions.commits(revision)
        case "discussions":
            return JSONResponse({"discussions": [], "count": 0, "start": 0})
        case _:
            return errors.error(404, "Sorry, we can't find the page you are looking for.")
