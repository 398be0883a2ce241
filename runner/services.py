"""The services that an experiment may talk to, for one command: the hub stand-in and the W&B mock."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from pathlib import Path
from types import TracebackType

from runner.evidence import HubRequest, WandbContact
from runner.vocabulary import Provided
from sandbox.assets import AssetStore
from sandbox.fidelity import real_sizes
from sandbox.hub import HubServer
from sandbox.hub import Provided as HubProvided
from sandbox.wandb_mock import WandbServer

HUB_PORT = 8300
WANDB_PORT = 8301
"""Loopback ports inside the sandbox at which the hub stand-in and the W&B mock answer."""


class Services:
    """`with Services(store, folder, own_loopback=True) as services`: up while a command runs.

    `folder` gets their records. `own_loopback`: whether the sandbox has a loopback of its own; where it shares the
    host's, free ports are taken. Raises InfrastructureError if one cannot start.
    """

    def __init__(self, assets: AssetStore, folder: Path, *, own_loopback: bool) -> None:
        self._assets = assets
        self._folder = folder
        self._stack = contextlib.ExitStack()
        hub_port, wandb_port = (HUB_PORT, WANDB_PORT) if own_loopback else (_free_port(), _free_port())
        self._ports = {"hub": hub_port, "wandb": wandb_port}
        self.sockets: dict[int, Path] = {}
        """Port inside the sandbox -> socket on the host."""
        self.variables: dict[str, str] = {}
        """Environment that makes clients use them."""

    def __enter__(self) -> Services:
        with contextlib.ExitStack() as stack:
            # Socket paths have room for 107 characters; an attempt's own folder may be deeper.
            sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="services-")))
            self.sockets = {port: sockets / f"{name}.sock" for name, port in self._ports.items()}
            hub, wandb = self.sockets.values()
            self._hub = stack.enter_context(HubServer(self._assets, socket=hub, log=self._folder / "hub.jsonl"))
            log = self._folder / "wandb.jsonl"
            self._wandb = stack.enter_context(WandbServer(self._folder / "wandb.db", socket=wandb, log=log))
            stack.callback(self._wandb.close)
            self.variables = {
                "HF_ENDPOINT": f"http://127.0.0.1:{self._ports['hub']}",
                "HF_HUB_DISABLE_XET": "1",
                # A client waits 10 s for the first answer; a stand-in that is made on demand can take as long.
                "HF_HUB_ETAG_TIMEOUT": "60",
                **self._wandb.environment(f"http://127.0.0.1:{self._ports['wandb']}"),
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def hub_requests(self) -> list[HubRequest]:
        """One line per asset that was asked for."""
        return summarise(self._hub, self._assets)

    def wandb_contact(self) -> WandbContact:
        """What was asked of the W&B mock."""
        return WandbContact(
            calls=len(self._wandb.calls),
            runs=[f"{run.entity}/{run.project}/{run.id}" for run in self._wandb.runs()],
            problem="; ".join(map(str, self._wandb.problems))[:1000],
        )


def summarise(hub: HubServer, assets: AssetStore) -> list[HubRequest]:
    """One line per asset that was asked for."""
    lines: dict[tuple[str, str], HubRequest] = {}
    for request in hub.requests:
        if request.kind not in ("model", "dataset", "metric"):
            continue
        key = (request.kind, request.canonical or request.repo)
        served = request.provided is HubProvided.STANDIN
        old = lines.get(key)
        asset = assets.find(*key) if served and old is None else None
        lines[key] = HubRequest(
            kind=request.kind,  # type: ignore[arg-type]
            id=key[1],
            provided=Provided.STAND_IN if served else Provided.MISSING,
            requests=(old.requests if old else 0) + 1,
            reason="" if served else str(request.provided),
            real_sizes=real_sizes(assets, asset) if asset else old.real_sizes if old else [],
        )
    return list(lines.values())


def _free_port() -> int:
    """A port for a backend that shares the host's; two reviews at once must not want the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
