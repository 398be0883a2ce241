"""Runs the hub: on a unix socket, one per stage attempt, or on a loopback port."""

from __future__ import annotations

from pathlib import Path

from sandbox.hub.app import hub_app
from sandbox.hub.record import HubRequest
from sandbox.recording import RecordingServer
from sandbox.repository import AssetSource


class HubServer(RecordingServer[HubRequest]):
    """`with HubServer(source, socket=path, log=file) as hub: ...; hub.requests`; `hub.url` is for HF_ENDPOINT."""

    def __init__(
        self, source: AssetSource, socket: Path | None = None, port: int | None = None, log: Path | None = None
    ) -> None:
        super().__init__("the hub stand-in", lambda recorder: hub_app(source, recorder), socket, port, log)
