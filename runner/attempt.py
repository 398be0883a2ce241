"""One attempt of one stage: a fresh copy of the submission, a sandbox around it, and what it left behind."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import sandbox
from runner.evidence import Evidence, HubRequest, OutputFile, WandbContact
from runner.review import Traceback
from runner.sandbox_files import read_regular, regular_files
from runner.services import Services
from runner.submissions.model import Submission
from runner.tracebacks import root_traceback
from runner.vocabulary import StageName, Status
from sandbox.death import cause_of_death
from sandbox.downloads import DownloadStore
from sandbox.protocol import Mount, Network, Outcome, StopSignal, Task
from sandbox.wandb_mock import Call

if TYPE_CHECKING:
    from runner.workbench import Workbench

STDERR_TAIL = 6000
"""Characters of stderr kept in evidence.json; the whole of it lies beside."""
MAX_OUTPUTS = 5000
"""Files listed of a workspace and of a home folder each."""
MAX_HANDED_OUT = 32 * 2**20


class Attempt:
    """One attempt of one stage: a fresh copy of the submission, a sandbox for it, and its evidence folder."""

    def __init__(
        self,
        bench: Workbench,
        stage: StageName,
        run_id: str | None,
        number: int,
        record: Path,
        scratch: Path,
        submission: Submission | None = None,
    ) -> None:
        self.bench = bench
        self.submission = submission or bench.submission
        """The copy that this attempt runs."""
        self.stage = stage
        self.run_id = run_id
        self.number = number
        self.record = record
        self.scratch = scratch
        sandbox = bench.sandbox
        self.workspace = scratch / "workspace"
        self.submission.materialise(self.workspace)
        self.home = self.folder("home")
        self.exchange = self.folder("exchange")
        """Host and sandbox hand files to each other here."""
        self.workspace_mount = sandbox.mount(self.workspace, "/workspace", writable=True)
        self.exchange_mount = sandbox.mount(self.exchange, "/exchange", writable=True)
        self._home_mount = sandbox.mount(self.home, "/home/reviewer", writable=True)
        self._tools_mount = sandbox.mount(_tools_folder(), "/opt/sandbox-review/tools")
        self.hub: list[HubRequest] = []
        self.wandb: WandbContact | None = None
        self.wandb_calls: list[Call] = []

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
        inside = self.awaited(name)
        # A new file: an earlier command of this attempt may have put a link there.
        with (self.exchange / name).open("x", encoding="utf-8") as file:
            json.dump(data, file)
        return inside

    def awaited(self, name: str) -> str:
        """Path, inside the sandbox, of a file that a command is to write; what an earlier one left there goes."""
        path = self.exchange / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        return f"{self.exchange_mount.target}/{name}"

    def handed_out(self, name: str) -> str:
        """Text that a command wrote to where it was awaited, "" if there is none; its first `MAX_HANDED_OUT` bytes."""
        return (read_regular(self.exchange, (name,), MAX_HANDED_OUT) or b"").decode("utf-8", "replace")

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
        stop: Callable[[], bool] | None = None,
    ) -> Outcome:
        """Run one command in a fresh sandbox around this attempt's workspace.

        stdout, stderr and usage go to the evidence folder, or to its sub-folder `record`. Once `stop` says so, the
        command is stopped for being over its budget.
        Raises sandbox.errors.InfrastructureError if it could not be started.
        """
        folder = self.record / record if record else self.record
        folder.mkdir(exist_ok=True)
        (folder / "command.json").write_text(json.dumps(list(command)), encoding="utf-8")
        bench = self.bench
        limits = bench.settings.limits.for_wall(wall_seconds)
        variables = {"HOME": self._home_mount.target, **(environment or {})}
        with contextlib.ExitStack() as stack:
            services = self._serve(stack, folder) if with_services else None
            variables |= services.variables if services else {}
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
                services=services.sockets if services else {},
                gpus=0 if network is Network.INDEX else bench.settings.gpu,
            )
            outcome = bench.sandbox.run(task, folder, cancel=StopSignal(bench.cancel, stop) if stop else bench.cancel)
        bench.sandbox_seconds += outcome.wall_seconds
        return outcome

    def _serve(self, stack: contextlib.ExitStack, folder: Path) -> Services:
        """Start the services for one command; what they recorded is read when it has ended."""
        own_loopback = self.bench.sandbox.name != "process"
        downloads = DownloadStore(self.bench.settings.cache())
        services = stack.enter_context(Services(self.bench.assets, downloads, folder, own_loopback=own_loopback))

        def read() -> None:
            self.hub.extend(services.hub_requests())
            self.wandb = services.wandb_contact()
            self.wandb_calls.extend(services.wandb_calls())

        stack.callback(read)
        return services

    def evidence(self, outcome: Outcome, command: Sequence[str]) -> Evidence:
        """The facts that every stage has in common."""
        death = cause_of_death(outcome)
        status = Status(death.status)
        stderr = _read(self.record / "stderr.txt")
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
            peak_gpu_memory_mb=outcome.peak_gpu_memory_mb,
            directory=str(self.record.relative_to(self.bench.directory)),
            traceback=None if status is Status.OK else self.printed_traceback(),
            stderr_tail=stderr[-STDERR_TAIL:],
            outputs=self.outputs(),
            hub=self.hub,
            wandb=self.wandb,
        )

    def printed_traceback(self) -> Traceback | None:
        """The traceback that tells why the command failed, from what it printed."""
        return root_traceback(_read(self.record / "stderr.txt"), _read(self.record / "stdout.txt"), self.root)

    def outputs(self) -> list[OutputFile]:
        """Files in the workspace that the submission did not bring, and files in its home folder."""
        brought = self.submission.tree()
        without = ("__pycache__", ".venv", ".git")
        found = [
            (f"{prefix}{file.name}", file.bytes)
            for root, prefix in ((self.workspace, ""), (self.home, "~/"))
            for file in islice(regular_files(root, without), MAX_OUTPUTS)
        ]
        return [OutputFile(path=path, bytes=size) for path, size in found if path not in brought]

    def changed_sources(self) -> list[str]:
        """Files of the submission that no longer hold what they held."""
        changed = []
        for path, text in self.submission.tree().items():
            held = text.encode("utf-8")
            if read_regular(self.workspace, path.split("/"), len(held) + 1) != held:
                changed.append(path)
        return changed


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _tools_folder() -> Path:
    return Path(sandbox.__file__).parent / "inside"


def _label(stage: StageName, run_id: str | None) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", f"{stage}-{run_id or ''}".lower()).strip("-")
    return words[:60]
