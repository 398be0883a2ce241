"""Runs the hub in a thread of the host: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from sandbox.hub.app import hub_app
from sandbox.hub.record import HubRequest, Recorder
from sandbox.repository import AssetSource
from sandbox.serving import ThreadedServer


class HubServer:
    """`with HubServer(source, socket=path, log=file) as hub: ...; hub.requests`.

    Either `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one).
    Raises InfrastructureError if the address cannot be had.
    """

    def __init__(
        self, source: AssetSource, socket: Path | None = None, port: int | None = None, log: Path | None = None
    ) -> None:
        self._recorder = Recorder(log)
        self._app = hub_app(source, self._recorder)
        self._server = ThreadedServer("the hub stand-in", socket, port)

    @property
    def requests(self) -> list[HubRequest]:
        """Everything asked so far; still readable after the server has stopped."""
        return self._recorder.requests()

    @property
    def url(self) -> str:
        """What to set HF_ENDPOINT to; only for a server on a port."""
        return self._server.url

    def __enter__(self) -> HubServer:
        self._server.start(self._app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
