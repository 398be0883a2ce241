"""The mock's addresses: GraphQL, file stream, storage. Every request is recorded, and may meet a fault on the way."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from sandbox.recording import Recorder
from sandbox.wandb_mock import keys, requests
from sandbox.wandb_mock.bodies import SMALL, Bodies
from sandbox.wandb_mock.faults import Fault, FaultKind, Faults
from sandbox.wandb_mock.names import NAME_LENGTH
from sandbox.wandb_mock.record import SENT_LENGTH, Call
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.requests import Asked, Json, Outcome
from sandbox.wandb_mock.store import Store

NO_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER on, for zero seconds: closing sends a reset, not an orderly end."""
ANSWERS_AT_ONCE = 2
MAX_PROBLEMS = 20
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
    bounded: bool = False
    """Whether the store takes only so much text."""
    problems: list[BaseException] = field(default_factory=list)
    """Failures of our own; each was answered with 500."""


class _Turns:
    """Answers in turn: each may have to look at a whole history. A long one keeps its turn until it has been sent."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(ANSWERS_AT_ONCE)

    async def answer(self, work: Callable[[], Outcome]) -> Outcome:
        await self._free.acquire()
        kept = False
        try:
            outcome = await run_in_threadpool(work)
            kept = len(getattr(outcome.response, "body", b"")) > SMALL
            return replace(outcome, response=_Kept(outcome.response, self._free)) if kept else outcome
        finally:
            if not kept:
                self._free.release()


class _Kept(Response):
    """A response that gives its turn back when it has been sent, or nobody wants it any more."""

    def __init__(self, response: Response, turn: asyncio.Semaphore) -> None:
        self.status_code = response.status_code
        self._response = response
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_pieces(message: Message) -> None:
            """The server waits for the reader before it takes another piece, not behind the last one."""
            body = message.get("body", b"")
            for begin in range(0, len(body), SMALL):
                await send({**message, "body": body[begin : begin + SMALL], "more_body": True})
            await send({**message, "body": b""} if body else message)

        try:
            await self._response(scope, receive, send_in_pieces)
        finally:
            self._turn.release()


def mock_app(service: Service) -> Starlette:
    bodies = Bodies()
    turns = _Turns()

    async def serve(request: Request) -> Response:
        arrived, began = time.time(), time.perf_counter()
        asked = Asked(request.method, request.url.path)
        fault: Fault | None = None
        outcome: Outcome
        try:
            asked = requests.take_apart(request, keys.is_good(_key(request), service.keys))
            async with bodies.receive(request, is_file=asked.kind == "upload") as body:
                await run_in_threadpool(requests.read, asked, body)
                fault = service.faults.take(asked.operation)
                met = await _meet(fault)
                if met is None:
                    work = partial(requests.answer, service.store, service.entity, asked, service.bounded)
                    met = await turns.answer(work)
            outcome = met
        except RefusedError as refusal:
            outcome = requests.refused(refusal)
        except ClientDisconnect:
            outcome = Outcome(Response(status_code=400), problem="the client went away")
        except Exception as failure:
            words = {"errors": [{"message": OUR_FAILURE}]}
            outcome = Outcome(Json(words, status_code=500), problem=_words(failure))
            if len(service.problems) < MAX_PROBLEMS:
                # Its frames would keep the request in memory.
                service.problems.append(failure.with_traceback(None))
        reset = fault is not None and fault.kind is FaultKind.RESET
        service.recorder.add(
            Call(
                time=arrived,
                seconds=round(time.perf_counter() - began, 6),
                kind=asked.kind,
                operation=asked.operation[:NAME_LENGTH],
                entity=asked.touched.get("entity", "")[:NAME_LENGTH],
                project=asked.touched.get("project", "")[:NAME_LENGTH],
                run_id=asked.touched.get("run_id", "")[:NAME_LENGTH],
                sent=(outcome.sent or asked.sent)[:SENT_LENGTH],
                status=0 if reset else outcome.response.status_code,
                fault=fault.kind.value if fault else "",
                client=request.headers.get("user-agent", "")[:200],
                problem=outcome.problem[:SENT_LENGTH],
                reads=asked.reads,
            )
        )
        if reset:
            await _reset(request)
        return outcome.response

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]
    return Starlette(routes=[Route("/{path:path}", serve, methods=methods)])


def _words(failure: Exception) -> str:
    place = traceback.extract_tb(failure.__traceback__)[-1]
    return f"{type(failure).__name__}: {failure} ({Path(place.filename).name}:{place.lineno})"


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
            return Outcome(Json(body, status_code=429, headers={"Retry-After": "1"}))
        case FaultKind.SERVER_ERROR:
            return Outcome(Json({"errors": [{"message": "internal server error"}]}, status_code=500))
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
