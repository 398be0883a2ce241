"""Serves an application in a thread of the host: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

import contextlib
import socket as sockets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn

from sandbox.errors import InfrastructureError

START_SECONDS = 10.0
STOP_SECONDS = 5.0


class ThreadedServer:
    """`start()` and `stop()` an ASGI application; `name` is what it is called in messages.

    Either `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one).
    """

    def __init__(self, name: str, socket: Path | None, port: int | None) -> None:
        self._name = name
        self._path = socket
        self._port = port or 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._listener: sockets.socket | None = None

    @property
    def url(self) -> str:
        """Where it answers; only for a server on a port."""
        return f"http://127.0.0.1:{self._port}"

    def start(self, app: Any, **options: Any) -> None:
        """Answer from now on. `options` are uvicorn's. Raises InfrastructureError if the address cannot be had."""
        self._listener = self._listen()
        settings = {"log_config": None, "access_log": False, "lifespan": "off", "ws": "none", "loop": "asyncio"}
        self._server = uvicorn.Server(uvicorn.Config(app, **{**settings, "http": "h11", **options}))
        listeners = [self._listener]
        self._thread = threading.Thread(target=self._server.run, args=(listeners,), name=self._name, daemon=True)
        self._thread.start()
        give_up = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up:
                raise InfrastructureError(f"{self._name} did not start; its thread ended before it answered")
            time.sleep(0.002)

    def stop(self) -> None:
        """Stop answering and remove the socket."""
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
            raise InfrastructureError(f"{self._name} cannot listen on {where}: {problem}") from problem
        listener.listen(256)
        return listener


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A free loopback port of this machine, which nobody is given by chance while the context is entered.

    Whoever sets SO_REUSEADDR can listen at it, as the sandbox's agent does. A port that is merely found free and let
    go may be somebody's connection by the time that it is used.
    """
    with sockets.socket(sockets.AF_INET) as holder:
        holder.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
