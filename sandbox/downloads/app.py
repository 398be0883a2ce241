"""Answers for addresses outside: `/https/HOST/PATH` is what code asked of `https://HOST/PATH`.

What the catalogue does not have is answered with 421 (this server cannot answer for that host); the part inside the
sandbox turns it into the failed name look-up that the code would have met without us.
"""

from __future__ import annotations

import time

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.downloads.record import DownloadRequest, Provided
from sandbox.downloads.store import DownloadStore
from sandbox.errors import InfrastructureError
from sandbox.recording import Recorder

UNSERVED = 421


def download_app(store: DownloadStore, recorder: Recorder[DownloadRequest]) -> Starlette:
    """The application; one per stage attempt, so that `recorder` holds that attempt's requests only."""

    async def known(request: Request) -> Response:
        made = store.made(request.path_params["md5"])
        return PlainTextResponse("stand-in" if made else "unknown", 200 if made else 404)

    async def serve(request: Request) -> Response:
        arrived, began = time.time(), time.perf_counter()
        scheme = request.path_params["scheme"]
        address = str(request.path_params["address"])
        host = address.split("/", 1)[0].rsplit("@", 1)[-1]
        address = host + address[len(address.split("/", 1)[0]) :]
        query = f"?{request.url.query}" if request.url.query else ""
        found = store.catalogue.find(address + query) or store.catalogue.find(address)
        kind, name, detail, provided = "", f"{scheme}://{address}", "", Provided.MISSING
        response: Response = PlainTextResponse("no stand-in", UNSERVED)
        if found is not None:
            asset, file = found
            kind, name = asset.kind, asset.id
            try:
                ready = await run_in_threadpool(store.ready, asset)
                response, provided = FileResponse(ready.files[file]), Provided.STANDIN
            except InfrastructureError as problem:
                detail, provided = str(problem), Provided.INFRASTRUCTURE
        elif store.catalogue.ignored(address):
            provided = Provided.IGNORED
        recorder.add(
            DownloadRequest(
                time=arrived,
                seconds=round(time.perf_counter() - began, 6),
                method=request.method,
                url=f"{scheme}://{address}{query}",
                kind=kind,
                id=name,
                status=response.status_code,
                provided=provided,
                detail=detail,
            )
        )
        return response

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    return Starlette(
        routes=[
            Route("/made/{md5}", known, methods=["GET"]),
            Route("/{scheme:str}/{address:path}", serve, methods=methods),
        ]
    )
