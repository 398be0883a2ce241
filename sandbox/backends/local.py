"""A sandbox that is a child process of ours: what bubblewrap and process have in common."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

import psutil

from sandbox import reaper, usage
from sandbox.cgroups import Cgroup
from sandbox.output import Recorder
from sandbox.protocol import Limits
from sandbox.usage import KernelFacts, Usage

KILL_SECONDS = 5.0

# Enters the control groups before anything else runs; fails rather than runs outside of them.
ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'


class LocalProcess:
    """A started agent (perhaps inside bwrap), the group it is in, and the threads that record its output."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        group: Cgroup | None,
        stdout: Recorder,
        stderr: Recorder,
        own_processes: int,
        run_token: str = "",
        descriptors: Sequence[int] = (),
    ) -> None:
        self.group = group
        self.own_processes = own_processes
        self.run_token = run_token
        entrances = [str(path) for path in group.entrances()] if group else []
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", ENTER, "sh", *entrances, "--", *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=descriptors,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to handle, not the sandbox's
        )
        assert self.process.stdout and self.process.stderr
        self.readers = [
            start_reader(pipe_chunks(self.process.stdout), stdout),
            start_reader(pipe_chunks(self.process.stderr), stderr),
        ]

    def usage(self) -> Usage | None:
        used = self.group.usage() if self.group else None
        if used is None:
            used = usage.of_processes(usage.tree(self.process.pid))
        return Usage(
            used.cpu_seconds,
            used.memory_mb,
            max(0, used.processes - self.own_processes),
            max(0, used.tasks - self.own_processes),
        )

    def kernel_facts(self) -> KernelFacts:
        return self.group.kernel_facts() if self.group else KernelFacts()

    def kill(self) -> None:
        """The launcher last: while it lives, what is orphaned meanwhile stays below it and is found again."""
        deadline = time.monotonic() + KILL_SECONDS
        while (below := usage.tree(self.process.pid)[1:]) and time.monotonic() < deadline:
            for process in below:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(0.005)
        self.process.kill()
        if self.group:
            self.group.kill()
        if self.run_token:
            reaper.kill_labelled(lambda value: value == self.run_token)

    def wait(self, seconds: float) -> int | None:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        self.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(KILL_SECONDS)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def engine_error(self) -> str:
        return ""


def start_reader(chunks: Callable[[], bytes], recorder: Recorder) -> threading.Thread:
    """A thread that moves chunks into the recorder until an empty one ends the stream."""

    def read() -> None:
        while data := chunks():
            recorder.write(data)

    thread = threading.Thread(target=read, daemon=True, name="sandbox-output")
    thread.start()
    return thread


def pipe_chunks(pipe: IO[bytes]) -> Callable[[], bytes]:
    def chunk() -> bytes:
        return os.read(pipe.fileno(), 1 << 18)

    return chunk


def cpu_set(limits: Limits, group: Cgroup | None) -> list[int] | None:
    """CPUs to pin the command to where no control group bounds its share; drawn by chance to spread sandboxes."""
    if group is not None and (group.version == 2 or "cpu" in group.folders):
        return None
    ours = sorted(os.sched_getaffinity(0))
    wanted = max(1, round(limits.cpus))
    return random.sample(ours, wanted) if wanted < len(ours) else None
