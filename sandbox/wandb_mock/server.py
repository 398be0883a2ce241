"""Runs the mock in a thread of the host: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

import math
from asyncio import BaseTransport
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.recording import MAX_RECORD, Recorder
from sandbox.serving import ThreadedServer
from sandbox.wandb_mock import reviewing
from sandbox.wandb_mock.app import Service, mock_app
from sandbox.wandb_mock.faults import Fault, Faults
from sandbox.wandb_mock.keys import SAMPLE_KEY
from sandbox.wandb_mock.record import Call
from sandbox.wandb_mock.reviewing import MadeUpRun, RunRecord
from sandbox.wandb_mock.store import Store

DEFAULT_ENTITY = "reviewed"
KEEP_ALIVE_SECONDS = 75
"""Longer than clients keep an idle connection: if we close first, a request on its way gets lost and is sent again."""


class WandbServer:
    """`with WandbServer(store_file, socket=path, log=file) as wandb: ...; wandb.calls; wandb.runs()`.

    `store` is an SQLite file, made if it does not exist; runs that are in it can be read and resumed. Either
    `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one). `log` is a
    JSON Lines file that each call is appended to. `keys` are the API keys that are taken (None: any of 40
    characters or more). `entity` is where runs go that name none. `bounded`: the clients are under review, and what
    is kept of them, in the store and of their calls, has limits that a person's own use would meet one day.
    Raises InfrastructureError if the address cannot be had.
    """

    def __init__(
        self,
        store: Path,
        socket: Path | None = None,
        port: int | None = None,
        log: Path | None = None,
        faults: Sequence[Fault] = (),
        keys: Collection[str] | None = None,
        entity: str = DEFAULT_ENTITY,
        bounded: bool = False,
    ) -> None:
        self.store = Store(store)
        self.faults = Faults(faults)
        """May be changed while the server runs."""
        self._recorder: Recorder[Call] = Recorder(log, MAX_RECORD if bounded else math.inf)
        self._service = Service(self.store, self._recorder, self.faults, entity, keys, bounded)
        self._key = next(iter(keys)) if keys else SAMPLE_KEY
        self._server = ThreadedServer("the W&B mock", socket, port)

    @property
    def calls(self) -> list[Call]:
        """Everything asked so far; still readable after the server has stopped."""
        return self._recorder.requests()

    @property
    def problems(self) -> list[BaseException]:
        """Failures of the mock itself: each makes a review inconclusive, never a submission's fault."""
        return list(self._service.problems)

    @property
    def url(self) -> str:
        """What to set WANDB_BASE_URL to; only for a server on a port."""
        return self._server.url

    def environment(self, url: str | None = None) -> dict[str, str]:
        """The variables that make a client use this server, under `url` if it is reached through a relay."""
        return {
            "WANDB_BASE_URL": url or self.url,
            "WANDB_API_KEY": self._key,
            # Clients report their own errors to a service that cannot be reached, and wait for it at their end.
            "WANDB_ERROR_REPORTING": "false",
        }

    def runs(self) -> list[RunRecord]:
        """All runs as the review wants to see them, oldest first."""
        return reviewing.list_runs(self.store)

    def copy_run(
        self, source: RunRecord, run_id: str, numbers: dict[str, Any] | None = None, **where: str
    ) -> RunRecord:
        """A variant of a run; see `reviewing.copy_run`."""
        return reviewing.copy_run(self.store, source, run_id, numbers or {}, **where)

    def add_run(self, run: MadeUpRun) -> RunRecord:
        """A run that nobody logged; see `reviewing.add_run`."""
        return reviewing.add_run(self.store, run)

    def end_open_runs(self) -> list[RunRecord]:
        """Mark as crashed what still counts as running: for when the sandbox is gone and no heartbeat can come."""
        return reviewing.end_open_runs(self.store)

    def __enter__(self) -> WandbServer:
        app = mock_app(self._service)
        self._server.start(app, timeout_keep_alive=KEEP_ALIVE_SECONDS, http=_Protocol)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops answering. The store stays open, so that runs can still be listed; `close` ends that too."""
        self._server.stop()

    def close(self) -> None:
        """Close the store's file; its journal is folded in. Nothing can be read through this object after that."""
        self.store.close()


class _Protocol(H11Protocol):
    """Hands each request its transport, so that an injected fault can reset the connection."""

    def connection_made(self, transport: BaseTransport) -> None:  # type: ignore[override]
        super().connection_made(transport)  # type: ignore[arg-type]
        self.app_state = {**self.app_state, "transport": transport}
