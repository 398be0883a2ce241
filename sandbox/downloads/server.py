"""Runs the download service in a thread of the host: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from sandbox.downloads.app import download_app
from sandbox.downloads.record import DownloadRequest, Recorder
from sandbox.downloads.store import DownloadStore
from sandbox.serving import ThreadedServer


class DownloadServer:
    """`with DownloadServer(store, socket=path, log=file) as downloads: ...; downloads.requests`.

    Either `socket`, a unix socket path that does not exist yet, or `port` on 127.0.0.1 (0: any free one).
    Raises InfrastructureError if the address cannot be had.
    """

    def __init__(
        self, store: DownloadStore, socket: Path | None = None, port: int | None = None, log: Path | None = None
    ) -> None:
        self._recorder = Recorder(log)
        self._app = download_app(store, self._recorder)
        self._server = ThreadedServer("the download stand-in", socket, port)

    @property
    def requests(self) -> list[DownloadRequest]:
        """Everything asked so far; still readable after the server has stopped."""
        return self._recorder.requests()

    @property
    def url(self) -> str:
        """Where it answers; only for a server on a port."""
        return self._server.url

    @staticmethod
    def environment(url: str) -> dict[str, str]:
        """What makes Python processes of the sandbox ask here; `url` as they see it."""
        return {"SANDBOX_REVIEW_DOWNLOADS": url}

    def __enter__(self) -> DownloadServer:
        self._server.start(self._app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
