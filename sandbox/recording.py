"""Services that remember what they were asked: kept on the host, where a submission cannot reach it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sandbox.serving import ThreadedServer

Request = TypeVar("Request")
"""A dataclass of one request and its answer."""


MAX_RECORD = 64 * 2**20
"""Characters: whoever asks may ask for ever."""


class Recorder(Generic[Request]):
    """Collects requests from any thread; also appends each to a JSON Lines file as it happens.

    `most`: characters, as JSON, of what is kept.
    """

    def __init__(self, log: Path | None, most: float = MAX_RECORD) -> None:
        self._log = log
        self._left = most
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def add(self, request: Request) -> None:
        line = json.dumps(asdict(request)) + "\n"  # type: ignore[call-overload]
        with self._lock:
            if len(line) > self._left:
                return
            self._left -= len(line)
            self._requests.append(request)
            if self._log is not None:
                with self._log.open("a", encoding="utf-8") as handle:
                    handle.write(line)

    def requests(self) -> list[Request]:
        """A copy of everything recorded so far, in order of the answers."""
        with self._lock:
            return list(self._requests)


class RecordingServer(Generic[Request]):
    """Runs an application in a thread of the host while in its `with` block; `name` is for messages.

    Either `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one). `log` is a
    JSON Lines file that each request is appended to. Raises InfrastructureError if the address cannot be had.
    """

    def __init__(
        self,
        name: str,
        make_app: Callable[[Recorder[Request]], Any],
        socket: Path | None,
        port: int | None,
        log: Path | None,
    ) -> None:
        self._recorder: Recorder[Request] = Recorder(log)
        self._app = make_app(self._recorder)
        self._server = ThreadedServer(name, socket, port)

    @property
    def requests(self) -> list[Request]:
        """Everything asked so far; still readable after the server has stopped."""
        return self._recorder.requests()

    @property
    def url(self) -> str:
        """Where it answers; only for a server on a port."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.start(self._app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
