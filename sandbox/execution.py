"""Run one task, the part that is the same in every backend: start, watch, end, clean up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.control import Control, Ended, LostError
from sandbox.errors import InfrastructureError
from sandbox.folder import RunFolder
from sandbox.gpu_usage import GpuWatch
from sandbox.output import Recorder
from sandbox.protocol import Limits, Outcome, Sample, Task
from sandbox.watchdog import Running, Watchdog

START_SECONDS = 60.0
END_SECONDS = 10.0

Launch = Callable[[RunFolder, Recorder, Recorder], Running]
"""Starts the sandbox with the agent as its main process and its output going to the two recorders."""


def execute(
    task: Task,
    record: Path,
    folder: RunFolder,
    launch: Launch,
    message: dict[str, Any],
    on_sample: Callable[[Sample], None] | None,
    cancel: threading.Event | None,
) -> Outcome:
    """Run `task` in the sandbox that `launch` starts; `message` is what the agent is told.

    Returns the facts; raises InfrastructureError if the command could not be started. However this ends (an
    exception, Ctrl-C), the sandbox is gone afterwards.
    """
    limits = task.limits
    with ExitStack() as stack:
        stdout = stack.enter_context(Recorder(record / "stdout.txt", limits.output_keep_mb))
        stderr = stack.enter_context(Recorder(record / "stderr.txt", limits.output_keep_mb))
        log = stack.enter_context((record / "usage.jsonl").open("w"))
        control = stack.enter_context(contextlib.closing(Control(folder.path)))
        running = stack.enter_context(contextlib.closing(launch(folder, stdout, stderr)))
        control.accept(START_SECONDS, lambda: _why_dead(running, record))
        writable = [mount.source for mount in task.mounts if mount.writable]
        watched = stack.enter_context(GpuWatch(task.gpus))
        dog = Watchdog(limits, running, control, (stdout, stderr), writable, log, on_sample, cancel, watched)
        _begin(control, message)
        started = time.monotonic()
        ended = dog.watch()
        wall = time.monotonic() - started
        control.close()
        engine = None if dog.stopped_by else running.wait(END_SECONDS)
        if engine is None:
            running.kill()
            engine = running.wait(END_SECONDS)
        engine_error = "" if ended or dog.stopped_by else running.engine_error()
        running.close()
        return _outcome(dog, ended, engine, wall, (stdout.total, stderr.total), engine_error)


def agent_limits(
    limits: Limits, rlimits: Mapping[str, int] | None = None, cpus: list[int] | None = None
) -> dict[str, Any]:
    """What the agent sets on the command itself, whatever the backend adds from outside."""
    # Above the quota on purpose: a command that fails on this has grown past the quota and is seen to have.
    file_size = (limits.disk_mb + 64) << 20
    return {"rlimits": {"RLIMIT_FSIZE": file_size, "RLIMIT_CORE": 0, **(rlimits or {})}, "cpu_set": cpus}


def _begin(control: Control, message: dict[str, Any]) -> None:
    try:
        control.send(message)
        word = control.receive(START_SECONDS)
    except LostError as error:
        raise InfrastructureError("the sandbox's agent ended before it started the command") from error
    if word is None:
        raise InfrastructureError(f"the sandbox's agent did not answer within {START_SECONDS:.0f} s")
    if word["event"] == "refused":
        raise InfrastructureError(f"the command could not be started in the sandbox: {word['message']}")


def _why_dead(running: Running, record: Path) -> str | None:
    """What the launcher said last, if the sandbox has ended before it connected."""
    status = running.wait(0)
    if status is None:
        return None
    time.sleep(0.1)  # its words are still on their way into the record
    words = (record / "stderr.txt").read_text(errors="replace").strip()
    return f"exit status {status}: {words[:1000]}"


def _outcome(
    dog: Watchdog,
    ended: Ended | None,
    engine: int | None,
    wall: float,
    printed: tuple[int, int],
    engine_error: str,
) -> Outcome:
    cpu = max(dog.cpu_seconds, ended.cpu_seconds if ended else 0.0)
    peak = max(dog.peak_memory_mb, ended.max_rss_mb if ended else 0.0)
    return Outcome(
        exit_code=ended.exit_code if ended else None,
        signal=ended.signal if ended else None,
        stopped_by=dog.stopped_by,
        oom_kills=dog.facts.oom_kills,
        process_limit_hits=dog.facts.process_limit_hits,
        engine_exit_code=engine,
        wall_seconds=wall,
        cpu_seconds=cpu or None,
        peak_memory_mb=peak or None,
        stdout_bytes=printed[0],
        stderr_bytes=printed[1],
        peak_gpu_memory_mb=dog.peak_gpu_memory_mb,
        engine_error=engine_error,
    )
