"""Runs the download service: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

from pathlib import Path

from sandbox.downloads.app import download_app
from sandbox.downloads.record import DownloadRequest
from sandbox.downloads.store import DownloadStore
from sandbox.recording import RecordingServer


class DownloadServer(RecordingServer[DownloadRequest]):
    """`with DownloadServer(store, socket=path, log=file) as downloads: ...; downloads.requests`."""

    def __init__(
        self, store: DownloadStore, socket: Path | None = None, port: int | None = None, log: Path | None = None
    ) -> None:
        super().__init__("the download stand-in", lambda recorder: download_app(store, recorder), socket, port, log)

    @staticmethod
    def environment(url: str) -> dict[str, str]:
        """What makes Python processes of the sandbox ask here; `url` as they see it."""
        return {"SANDBOX_REVIEW_DOWNLOADS": url}
