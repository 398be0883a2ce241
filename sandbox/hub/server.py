"""Runs the hub in a thread of the host: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

import contextlib
import socket as sockets
import threading
import time
from pathlib import Path
from types import TracebackType

import uvicorn

from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.hub.app import hub_app
from sandbox.hub.record import HubRequest, Recorder

START_SECONDS = 10.0
STOP_SECONDS = 5.0


class HubServer:
    """`with HubServer(store, socket=path, log=file) as hub: ...; hub.requests`.

    Either `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one).
    Raises InfrastructureError if the address cannot be had.
    """

    def __init__(
        self, store: AssetStore, socket: Path | None = None, port: int | None = None, log: Path | None = None
    ) -> None:
        self._recorder = Recorder(log)
        self._path = socket
        self._port = port or 0
        self._app = hub_app(store, self._recorder)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._listener: sockets.socket | None = None

    @property
    def requests(self) -> list[HubRequest]:
        """Everything asked so far; still readable after the server has stopped."""
        return self._recorder.requests()

    @property
    def url(self) -> str:
        """What to set HF_ENDPOINT to; only for a server on a port."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> HubServer:
        self._listener = self._listen()
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            http="h11",
            ws="none",
            loop="asyncio",
        )
        self._server = uvicorn.Server(config)
        listeners = [self._listener]
        self._thread = threading.Thread(target=self._server.run, args=(listeners,), name="hub", daemon=True)
        self._thread.start()
        give_up = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up:
                raise InfrastructureError("the hub stand-in did not start; its thread ended before it answered")
            time.sleep(0.002)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(STOP_SECONDS)
        if self._listener is not None:
            self._listener.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _listen(self) -> sockets.socket:
        try:
            if self._path is not None:
                listener = sockets.socket(sockets.AF_UNIX)
                listener.bind(str(self._path))
                self._path.chmod(0o666)
            else:
                listener = sockets.socket(sockets.AF_INET)
                listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", self._port))
                self._port = listener.getsockname()[1]
        except OSError as problem:
            where = self._path or f"127.0.0.1:{self._port}"
            raise InfrastructureError(f"the hub stand-in cannot listen on {where}: {problem}") from problem
        listener.listen(256)
        return listener
