"""What the conformance tests work with: one backend, folders for a task, and what the backend promises."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sandbox import cgroups, folder, owner
from sandbox.death import Death, cause_of_death
from sandbox.protocol import Limits, Mount, Network, Outcome, Sandbox, Task


class Promise(StrEnum):
    """What not every backend can promise. A test of a promise not given asserts that it is indeed not kept."""

    NO_NETWORK = "the command reaches no network"
    NO_HOST_FILES = "the command sees no file of the host but its mounts and the system's programs"
    READ_ONLY_ROOT = "the command writes to its writable mounts, /tmp and its home only"
    SAFE_AGENT = "the command cannot end the agent that reports how it ended"
    NO_USER_NAMESPACE = "the command cannot make a user namespace, the way to much of the kernel"
    PROCESS_LIMIT = "the command cannot start more processes than it may"


EVERYTHING = frozenset(Promise)
PROMISES: Mapping[str, frozenset[Promise]] = {
    "docker": EVERYTHING,
    "bubblewrap": EVERYTHING,
    "process": frozenset({Promise.PROCESS_LIMIT}),
    # gVisor (the 2022 build) runs outside of cgroups here, and does not shield process 1 from its own children. Its
    # user namespaces are its own invention, not the host kernel's.
    "runsc": EVERYTHING - {Promise.PROCESS_LIMIT, Promise.SAFE_AGENT, Promise.NO_USER_NAMESPACE},
}

QUICK = Limits(wall_seconds=30, memory_mb=512, pids=64, disk_mb=64, shm_mb=32, tmp_mb=64)
_number = itertools.count()


@dataclass(frozen=True)
class Result:
    outcome: Outcome
    record: Path

    @property
    def stdout(self) -> str:
        return (self.record / "stdout.txt").read_text(errors="replace")

    @property
    def stderr(self) -> str:
        return (self.record / "stderr.txt").read_text(errors="replace")

    @property
    def death(self) -> Death:
        return cause_of_death(self.outcome)


class Bench:
    """Runs snippets of Python in one backend's sandbox, with one writable folder that is also the working directory."""

    def __init__(self, name: str, sandbox: Sandbox, root: Path) -> None:
        self.name = name
        self.sandbox = sandbox
        self.root = root
        self.work = root / "work"
        self.work.mkdir()
        self.mount = sandbox.mount(self.work, "/work", writable=True)

    def promises(self, promise: Promise) -> bool:
        return promise in PROMISES[self.name]

    def task(
        self,
        code: str,
        *,
        command: tuple[str, ...] | None = None,
        limits: Limits = QUICK,
        mounts: tuple[Mount, ...] = (),
        environment: Mapping[str, str] | None = None,
        services: Mapping[int, Path] | None = None,
        network: Network = Network.NONE,
    ) -> Task:
        return Task(
            name="conformance",
            command=command or (self.sandbox.python, "-c", code),
            cwd=self.mount.target,
            mounts=(self.mount, *mounts),
            environment={"PYTHONUNBUFFERED": "1", **(environment or {})},
            limits=limits,
            network=network,
            services=services or {},
        )

    def run(self, code: str, *, cancel: threading.Event | None = None, **options: Any) -> Result:
        record = self.root / f"record-{next(_number)}"
        record.mkdir()
        return Result(self.sandbox.run(self.task(code, **options), record, cancel=cancel), record)


def marker() -> str:
    """An argument of `sleep` that no other process on this machine has."""
    return f"{4000 + os.getpid() % 1000}.{time.time_ns() % 10**9:09d}"


def processes_with(argument: str) -> list[int]:
    """Pids on the host of live processes that have this argument, whatever namespace they are in."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                arguments = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if argument.encode() in arguments:
                found.append(int(path.name))
    return found


def wait_for(condition: Any, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def left_behind(sandbox: Sandbox, token: str) -> list[str]:
    """Everything on this machine that carries the owner's token."""
    left = [f"folder {path.name}" for path in folder.parent().iterdir() if path.name.startswith(token)]
    for above, names, _ in os.walk(cgroups.ROOT):  # others' groups may vanish under the walk, which minds not
        left += [f"group {above}/{name}" for name in names if name.startswith(f"{cgroups.PREFIX}{token}")]
    key = f"{owner.VARIABLE}={token}".encode()
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and int(path.name) != os.getpid():
            try:
                if key in (path / "environ").read_bytes():
                    left.append(f"process {path.name}")
            except OSError:
                continue
    client = getattr(sandbox, "client", None)
    if client is not None:
        for summary in client.api.containers(all=True, filters={"label": f"{owner.LABEL}={token}"}):
            left.append(f"container {summary['Names']}")
    return left
