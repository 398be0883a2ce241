"""The services that an experiment may talk to, for one command: hub stand-in, W&B mock, stand-ins of downloads."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from types import TracebackType

from runner.downloads import summarise_downloads
from runner.evidence import HubRequest, WandbContact
from runner.hub_requests import summarise
from sandbox.downloads import DownloadServer, DownloadStore
from sandbox.hub import HubServer
from sandbox.repository import AssetSource
from sandbox.serving import reserved_port
from sandbox.wandb_mock import Call, WandbServer

HUB_PORT = 8300
WANDB_PORT = 8301
DOWNLOADS_PORT = 8302
"""Loopback ports inside the sandbox at which the stand-ins of the hub, W&B and other addresses answer."""


class Services:
    """`with Services(store, downloads, folder, own_loopback=True) as services`: up while a command runs.

    `folder` gets their records. `own_loopback`: whether the sandbox has a loopback of its own; where it shares the
    host's, free ports are taken. Raises InfrastructureError if one cannot start.
    """

    def __init__(self, assets: AssetSource, downloads: DownloadStore, folder: Path, *, own_loopback: bool) -> None:
        self._assets = assets
        self._downloads = downloads
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._own_loopback = own_loopback
        self.sockets: dict[int, Path] = {}
        """Port inside the sandbox -> socket on the host."""
        self.variables: dict[str, str] = {}
        """Environment that makes clients use them."""

    def __enter__(self) -> Services:
        with contextlib.ExitStack() as stack:
            ports = {"hub": HUB_PORT, "wandb": WANDB_PORT, "downloads": DOWNLOADS_PORT}
            if not self._own_loopback:
                ports = {name: stack.enter_context(reserved_port()) for name in ports}
            # Socket paths have room for 107 characters; an attempt's own folder may be deeper.
            sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="services-")))
            self.sockets = {port: sockets / f"{name}.sock" for name, port in ports.items()}
            hub, wandb, downloads = self.sockets.values()
            self._hub = stack.enter_context(HubServer(self._assets, socket=hub, log=self._folder / "hub.jsonl"))
            log = self._folder / "wandb.jsonl"
            store = self._folder / "wandb.db"
            self._wandb = stack.enter_context(WandbServer(store, socket=wandb, log=log, bounded=True))
            stack.callback(self._wandb.close)
            log = self._folder / "downloads.jsonl"
            self._served = stack.enter_context(DownloadServer(self._downloads, socket=downloads, log=log))
            self.variables = {
                "HF_ENDPOINT": f"http://127.0.0.1:{ports['hub']}",
                "HF_HUB_DISABLE_XET": "1",
                # A client waits 10 s for the first answer; a stand-in that is made on demand can take as long, and
                # a file that is fetched from the network as long as it takes.
                "HF_HUB_ETAG_TIMEOUT": "60",
                "HF_HUB_DOWNLOAD_TIMEOUT": "600",
                **self._wandb.environment(f"http://127.0.0.1:{ports['wandb']}"),
                **DownloadServer.environment(f"http://127.0.0.1:{ports['downloads']}"),
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def hub_requests(self) -> list[HubRequest]:
        """One line per asset that was asked for."""
        return summarise(self._hub.requests, self._assets) + summarise_downloads(self._served.requests)

    def wandb_calls(self) -> list[Call]:
        """Everything that was asked of the W&B mock."""
        return self._wandb.calls

    def wandb_contact(self) -> WandbContact:
        """What was asked of the W&B mock."""
        return WandbContact(
            calls=len(self._wandb.calls),
            runs=[f"{run.entity}/{run.project}/{run.id}" for run in self._wandb.runs()],
            problem="; ".join(map(str, self._wandb.problems))[:1000],
        )
