"""The mock's addresses: GraphQL, file stream, storage. Every request is recorded, and may meet a fault on the way."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.recording import Recorder
from sandbox.wandb_mock import keys, requests
from sandbox.wandb_mock.faults import Fault, FaultKind, Faults
from sandbox.wandb_mock.record import Call
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.requests import Asked, Outcome
from sandbox.wandb_mock.store import Store

NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER on, for zero seconds: closing sends a reset, not an orderly end."""
OUR_FAILURE = "Internal Error - the W&B stand-in could not answer this"


@dataclass
class Service:
    """What the application works with."""

    store: Store
    recorder: Recorder[Call]
    faults: Faults
    entity: str
    """The default entity of whoever logs in."""
    keys: Collection[str] | None
    """The keys that are taken; None: any of the right length."""
    problems: list[BaseException] = field(default_factory=list)
    """Failures of our own; each was answered with 500."""


def mock_app(service: Service) -> Starlette:
    async def serve(request: Request) -> Response:
        arrived, began = time.time(), time.perf_counter()
        asked = Asked(request.method, request.url.path)
        fault: Fault | None = None
        outcome: Outcome
        try:
            asked = await requests.read(request, keys.is_good(_key(request), service.keys))
            fault = service.faults.take(asked.operation)
            met = await _meet(fault)
            if met is None:
                met = await run_in_threadpool(requests.answer, service.store, service.entity, asked)
            outcome = met
        except RefusedError as refusal:
            outcome = requests.refused(refusal)
        except ClientDisconnect:
            outcome = Outcome(Response(status_code=400), problem="the client went away")
        except Exception as failure:
            service.problems.append(failure)
            body = {"errors": [{"message": OUR_FAILURE}]}
            outcome = Outcome(JSONResponse(body, status_code=500), problem=f"{type(failure).__name__}: {failure}")
        reset = fault is not None and fault.kind is FaultKind.RESET
        service.recorder.add(
            Call(
                time=arrived,
                seconds=round(time.perf_counter() - began, 6),
                kind=asked.kind,
                operation=asked.operation,
                entity=asked.touched.get("entity", ""),
                project=asked.touched.get("project", ""),
                run_id=asked.touched.get("run_id", ""),
                sent=outcome.sent or asked.sent,
                status=0 if reset else outcome.response.status_code,
                fault=fault.kind.value if fault else "",
                client=request.headers.get("user-agent", "")[:200],
                problem=outcome.problem,
                reads=asked.reads,
            )
        )
        if reset:
            await _reset(request)
        return outcome.response

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", serve, methods=methods)])


def _key(request: Request) -> str:
    return keys.key_of(request.headers.get("authorization", ""))


async def _meet(fault: Fault | None) -> Outcome | None:
    """What a fault makes of the answer; None if there is none or the right answer only comes late."""
    match fault.kind if fault else None:
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds if fault else 0)
            return None
        case FaultKind.TOO_MANY:
            body = {"errors": [{"message": "rate limit exceeded"}]}
            return Outcome(JSONResponse(body, status_code=429, headers={"Retry-After": "1"}))
        case FaultKind.SERVER_ERROR:
            return Outcome(JSONResponse({"errors": [{"message": "internal server error"}]}, status_code=500))
        case FaultKind.WRONG_KEY:
            return requests.refused(RefusedError(401, "user is not logged in"))
        case FaultKind.RESET:
            return Outcome(Response())
        case _:
            return None


async def _reset(request: Request) -> None:
    """Drop the connection; the answer that follows finds nobody."""
    transport = request.scope["state"]["transport"]
    connection = transport.get_extra_info("socket")
    if connection.family == socket.AF_INET:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
    transport.abort()
    while not await request.is_disconnected():
        await asyncio.sleep(0.001)
