"""What every stage works with: the submission, the sandbox, the folders, and how one attempt is run."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runner.evidence import Evidence, HubRequest, OutputFile, WandbContact
from runner.leftovers import SCRATCH, owned_name
from runner.settings import Settings
from runner.submissions.model import Submission
from runner.tracebacks import root_traceback
from runner.vocabulary import Provided, StageName, Status
from sandbox.assets import AssetStore
from sandbox.death import cause_of_death
from sandbox.fidelity import replaced_sizes
from sandbox.hub import HubServer
from sandbox.hub import Provided as HubProvided
from sandbox.protocol import Limits, Mount, Network, Outcome, Sandbox, Task
from sandbox.wandb_mock import WandbServer

HUB_PORT = 8300
WANDB_PORT = 8301
"""Loopback ports inside the sandbox at which the hub stand-in and the W&B mock answer."""
STDERR_TAIL = 6000
"""Characters of stderr kept in evidence.json; the whole of it lies beside."""
_STAGE_NUMBERS = {stage: number for number, stage in enumerate(StageName, start=1)}


class Progress(Protocol):
    """Told what happens, for whoever watches."""

    def stage_started(self, stage: StageName, run_id: str | None, note: str = "") -> None: ...
    def stage_note(self, text: str) -> None: ...
    def stage_finished(self, evidence: Evidence) -> None: ...


@dataclass(frozen=True)
class Installed:
    """An environment that an environment stage made."""

    directory: Path
    """On the host."""
    inside: str
    """Where later sandboxes see it, read-only."""
    replaced_torch: bool = False
    """Whether its torch is not the one that the project resolves to."""


@dataclass
class Workbench:
    """One review's tools and folders."""

    submission: Submission
    settings: Settings
    sandbox: Sandbox
    directory: Path
    """The review's own directory; evidence goes to `stages/` in it."""
    assets: AssetStore
    progress: Progress
    cancel: threading.Event = field(default_factory=threading.Event)
    sandbox_seconds: float = 0.0

    @property
    def store(self) -> Path:
        """uv's cache and the environments made from it; per backend, since each has its own user and Python."""
        return self.settings.cache() / f"uv-{self.sandbox.name}"

    @contextlib.contextmanager
    def attempt(self, stage: StageName, run_id: str | None = None, number: int = 1) -> Iterator[Attempt]:
        """A fresh workspace and an evidence folder for one attempt; the workspace is gone afterwards."""
        record = self.directory / "stages" / stage_folder(stage, run_id) / str(number)
        record.mkdir(parents=True)
        scratch = self.settings.cache() / SCRATCH / owned_name(stage)
        scratch.mkdir(parents=True, mode=0o700)
        try:
            yield Attempt(self, stage, run_id, number, record, scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


class Attempt:
    """One attempt of one stage: a fresh copy of the submission, a sandbox for it, and its evidence folder."""

    def __init__(
        self, bench: Workbench, stage: StageName, run_id: str | None, number: int, record: Path, scratch: Path
    ) -> None:
        self.bench = bench
        self.stage = stage
        self.run_id = run_id
        self.number = number
        self.record = record
        self.scratch = scratch
        sandbox = bench.sandbox
        self.workspace = scratch / "workspace"
        bench.submission.materialise(self.workspace)
        self.home = self.folder("home")
        self.exchange = self.folder("exchange")
        """Host and sandbox hand files to each other here."""
        self.workspace_mount = sandbox.mount(self.workspace, "/workspace", writable=True)
        self.exchange_mount = sandbox.mount(self.exchange, "/exchange", writable=True)
        self._home_mount = sandbox.mount(self.home, "/home/reviewer", writable=True)
        self._tools_mount = sandbox.mount(_tools_folder(), "/opt/sandbox-review/tools")
        self.hub: list[HubRequest] = []
        self.wandb: WandbContact | None = None

    @property
    def root(self) -> str:
        """The repository's root inside the sandbox."""
        return self.workspace_mount.target

    def folder(self, name: str) -> Path:
        """A new folder that lives as long as the attempt."""
        path = self.scratch / name
        path.mkdir()
        return path

    def tool(self, name: str) -> str:
        """Path, inside the sandbox, of one of our own scripts."""
        return f"{self._tools_mount.target}/{name}"

    def hand_in(self, name: str, data: object) -> str:
        """Write JSON for the sandbox to read; returns its path inside."""
        (self.exchange / name).write_text(json.dumps(data), encoding="utf-8")
        return f"{self.exchange_mount.target}/{name}"

    def run(
        self,
        command: Sequence[str],
        *,
        wall_seconds: float,
        environment: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
        network: Network = Network.NONE,
        with_services: bool = False,
        record: str = "",
    ) -> Outcome:
        """Run one command in a fresh sandbox around this attempt's workspace.

        stdout, stderr and usage go to the evidence folder, or to its sub-folder `record`.
        Raises sandbox.errors.InfrastructureError if it could not be started.
        """
        folder = self.record / record if record else self.record
        folder.mkdir(exist_ok=True)
        (folder / "command.json").write_text(json.dumps(list(command)), encoding="utf-8")
        bench = self.bench
        limits: Limits = bench.settings.limits.for_wall(wall_seconds)
        variables = {"HOME": self._home_mount.target, **(environment or {})}
        services: dict[int, Path] = {}
        with contextlib.ExitStack() as stack:
            if with_services:
                services, addresses = self._serve(stack, folder)
                variables |= addresses
            task = Task(
                name=_label(self.stage, self.run_id),
                command=tuple(command),
                cwd=self.root,
                mounts=(
                    self.workspace_mount,
                    self.exchange_mount,
                    self._home_mount,
                    self._tools_mount,
                    *mounts,
                ),
                environment=variables,
                limits=limits,
                network=network,
                services=services,
                gpus=0 if network is Network.INDEX else bench.settings.gpu,
            )
            outcome = bench.sandbox.run(task, folder, cancel=bench.cancel)
        bench.sandbox_seconds += outcome.wall_seconds
        return outcome

    def _serve(self, stack: contextlib.ExitStack, folder: Path) -> tuple[dict[int, Path], dict[str, str]]:
        """Start the hub stand-in and the W&B mock for one command; what they record is read when it has ended."""
        bench = self.bench
        # Socket paths have room for 107 characters; an attempt's own folder may be deeper.
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="services-")))
        hub = stack.enter_context(HubServer(bench.assets, socket=sockets / "hub.sock", log=folder / "hub.jsonl"))
        stack.callback(lambda: self.hub.extend(summarise(hub, bench.assets)))
        log = folder / "wandb.jsonl"
        wandb = stack.enter_context(WandbServer(folder / "wandb.db", socket=sockets / "wandb.sock", log=log))
        stack.callback(lambda: self._note_wandb(wandb))
        own_loopback = bench.sandbox.name != "process"
        hub_port, wandb_port = (HUB_PORT, WANDB_PORT) if own_loopback else (_free_port(), _free_port())
        variables = {
            "HF_ENDPOINT": f"http://127.0.0.1:{hub_port}",
            "HF_HUB_DISABLE_XET": "1",
            **wandb.environment(f"http://127.0.0.1:{wandb_port}"),
        }
        return {hub_port: sockets / "hub.sock", wandb_port: sockets / "wandb.sock"}, variables

    def _note_wandb(self, server: WandbServer) -> None:
        self.wandb = WandbContact(
            calls=len(server.calls),
            runs=[f"{run.entity}/{run.project}/{run.id}" for run in server.runs()],
            problem="; ".join(map(str, server.problems))[:1000],
        )
        server.close()

    def evidence(self, outcome: Outcome, command: Sequence[str]) -> Evidence:
        """The facts that every stage has in common."""
        death = cause_of_death(outcome)
        status = Status(death.status)
        stderr = _read(self.record / "stderr.txt")
        stdout = _read(self.record / "stdout.txt")
        return Evidence(
            stage=self.stage,
            run_id=self.run_id,
            attempt=self.number,
            status=status,
            status_evidence=death.evidence,
            command=list(command),
            exit_code=outcome.exit_code,
            signal=outcome.signal,
            wall_seconds=round(outcome.wall_seconds, 3),
            cpu_seconds=outcome.cpu_seconds,
            peak_memory_mb=outcome.peak_memory_mb,
            directory=str(self.record.relative_to(self.bench.directory)),
            traceback=None if status is Status.OK else root_traceback(stderr, stdout, self.root),
            stderr_tail=stderr[-STDERR_TAIL:],
            outputs=self.outputs(),
            hub=self.hub,
            wandb=self.wandb,
        )

    def outputs(self) -> list[OutputFile]:
        """Files in the workspace that the submission did not bring, and files in its home folder."""
        brought = self.bench.submission.tree()
        found = [*_files(self.workspace, ""), *_files(self.home, "~/")]
        return [OutputFile(path=path, bytes=size) for path, size in found if path not in brought]

    def changed_sources(self) -> list[str]:
        """Files of the submission that no longer hold what they held."""
        changed = []
        for path, text in self.bench.submission.tree().items():
            file = self.workspace / path
            try:
                same = not file.is_symlink() and file.read_bytes() == text.encode("utf-8")
            except OSError:
                same = False
            if not same:
                changed.append(path)
        return changed


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
            replaced_sizes=replaced_sizes(assets, asset) if asset else old.replaced_sizes if old else [],
        )
    return list(lines.values())


def _files(root: Path, prefix: str) -> Iterator[tuple[str, int]]:
    """Path and size of every regular file below `root`; links are not followed. At most 5,000."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in ("__pycache__", ".venv", ".git"))
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_symlink() or not path.is_file():
                continue
            count += 1
            if count > 5000:
                return
            yield prefix + path.relative_to(root).as_posix(), path.stat().st_size


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _free_port() -> int:
    """A port for a backend that shares the host's; two reviews at once must not want the same one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tools_folder() -> Path:
    import sandbox

    return Path(sandbox.__file__).parent / "inside"


def stage_folder(stage: StageName, run_id: str | None) -> str:
    """Name of the folder below `stages/` that holds the attempts of a stage."""
    name = f"{_STAGE_NUMBERS[stage]}-{stage}"
    return f"{name}-{run_id}" if run_id else name


def _label(stage: StageName, run_id: str | None) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", f"{stage}-{run_id or ''}".lower()).strip("-")
    return words[:60]
