"""In every kind of sandbox the probe's events reach the host, and a command far over its budget is stopped at once."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from probed import TOOLS

from runner.probe_summary import summarise_events
from sandbox.death import cause_of_death
from sandbox.probe import EventServer, probe_variables
from sandbox.protocol import Limits, Outcome, Sandbox, StopReason, StopSignal, Task
from tests.backends import backend_or_skip

BACKENDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("runsc", marks=pytest.mark.runsc),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("process"),
]
FORKS_AND_WAITS = """
import os, signal, subprocess, sys, time
open('parent.txt', 'w').close()
subprocess.run([sys.executable, '-c', "open('started.txt', 'w').close()"], check=True)
if os.fork() == 0:
    open('child.txt', 'w').close()
    os.kill(os.getpid(), signal.SIGKILL)
os.wait()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open('last.txt', 'w').close()
time.sleep(60)
"""
COUNTS = """
import sys, time
from _sandbox_review_probe.work import work
from _sandbox_review_probe.channel import channel
for _ in range(100000):
    work.counters.add('train_batches')
    channel().touch(work.counters)
    time.sleep(0.002)
"""


@contextmanager
def event_server(folder: Path) -> Iterator[EventServer]:
    """At a path that a socket has room for."""
    with (
        tempfile.TemporaryDirectory() as short,
        EventServer(Path(short) / "e.sock", folder / "events.jsonl") as server,
    ):
        yield server


def run(
    sandbox: Sandbox, program: str, folder: Path, wall: float, cancel: threading.Event | None, server: EventServer
) -> Outcome:
    work = folder / "work"
    work.mkdir(parents=True)
    (work / "main.py").write_text(program)
    workspace = sandbox.mount(work, "/workspace", writable=True)
    tools = sandbox.mount(TOOLS, "/opt/sandbox-review/tools")
    sockets = sandbox.mount(server.socket_path.parent, "/run/probe")
    task = Task(
        name="probe",
        command=(sandbox.python, "-B", "main.py"),
        cwd=workspace.target,
        mounts=(workspace, tools, sockets),
        environment=probe_variables(tools.target, f"{sockets.target}/e.sock", workspace.target),
        limits=Limits(wall_seconds=wall, memory_mb=1024, tmp_mb=64),
    )
    return sandbox.run(task, folder, cancel=cancel)


@pytest.mark.parametrize("name", BACKENDS)
def test_events_reach_the_host_until_the_end(name: str, tmp_path: Path) -> None:
    sandbox = backend_or_skip(name)
    with event_server(tmp_path) as server:
        outcome = run(sandbox, FORKS_AND_WAITS, tmp_path, 6.0, None, server)
    facts = summarise_events(tmp_path / "events.jsonl", outcome.exit_code)
    assert outcome.stopped_by is StopReason.WALL
    assert {"parent.txt", "started.txt", "child.txt", "last.txt"} <= {item.path for item in facts.written}
    assert len(facts.processes) == 3 and not facts.unobserved and not facts.disputed


@pytest.mark.parametrize("name", BACKENDS)
def test_a_command_over_its_budget_is_stopped(name: str, tmp_path: Path) -> None:
    sandbox = backend_or_skip(name)
    with event_server(tmp_path) as server:
        stop = StopSignal(threading.Event(), lambda: server.counters().get("train_batches", 0) > 100)
        started = time.monotonic()
        outcome = run(sandbox, COUNTS, tmp_path, 60.0, stop, server)
    assert outcome.stopped_by is StopReason.BUDGET
    assert cause_of_death(outcome).status == "stopped_over_budget"
    assert time.monotonic() - started < 30
    assert 100 < summarise_events(tmp_path / "events.jsonl").counters["train_batches"] < 3000
