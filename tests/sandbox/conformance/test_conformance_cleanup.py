"""Nothing of a command, of its sandbox or of its folders is left behind, however it and the host program end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance_bench import Bench, left_behind, marker, processes_with, wait_for

from sandbox import owner

HERE = Path(__file__).parent


@pytest.mark.parametrize("end", ["pass", "raise SystemExit(1)", "import os; os.kill(os.getpid(), 9)"])
def test_after_any_end(bench: Bench, end: str) -> None:
    argument = marker()
    code = f"import subprocess; subprocess.Popen(['sleep', '{argument}'], start_new_session=True)\n{end}"
    bench.run(code)
    assert left_behind(bench.sandbox, owner.current().token) == []
    assert processes_with(argument) == []


class HostProgram:
    """Another program on this machine in the midst of running a command."""

    def __init__(self, bench: Bench) -> None:
        self.argument = marker()
        root = bench.root / "other"
        root.mkdir()
        code = (
            "import os, signal, subprocess, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"subprocess.Popen(['sleep', '{self.argument}'], start_new_session=True)\n"
            "open('ready', 'w').close(); time.sleep(600)"
        )
        command = [sys.executable, str(HERE / "host_program.py"), bench.name, str(root), code]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        wait_for((root / "work" / "ready").exists, 30)
        found = owner.current()
        ticks = owner.start_ticks(self.process.pid)
        assert ticks is not None
        self.token = owner.Owner(found.boot, found.pid_namespace, self.process.pid, ticks).token
        self.sandbox = bench.sandbox
        assert self.left() != []

    def left(self) -> list[str]:
        return left_behind(self.sandbox, self.token)

    def end(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.communicate(timeout=30)


@pytest.fixture
def programs(bench: Bench) -> Iterator[list[HostProgram]]:
    started: list[HostProgram] = []
    yield started
    for program in started:
        program.process.kill()
        program.process.wait()
    bench.sandbox.reap()


def test_after_ctrl_c(bench: Bench, programs: list[HostProgram]) -> None:
    program = HostProgram(bench)
    programs.append(program)
    program.end(signal.SIGINT)
    assert program.left() == []
    assert processes_with(program.argument) == []


def test_after_sigkill_the_command_ends_and_the_next_start_reaps_the_rest(
    bench: Bench, programs: list[HostProgram]
) -> None:
    program = HostProgram(bench)
    programs.append(program)
    assert not any(program.token in line for line in bench.sandbox.reap())
    assert processes_with(program.argument) != [] or bench.name == "runsc"
    program.end(signal.SIGKILL)
    wait_for(lambda: processes_with(program.argument) == [], 10)  # by itself: nobody has reaped yet
    assert program.left() != [] or "PYTEST_XDIST_WORKER" in os.environ  # where another worker may have reaped it
    bench.sandbox.reap()
    assert program.left() == []


@pytest.mark.parametrize("bench", ["process"], indirect=True)
def test_what_lost_its_agent_and_its_host_program_is_reaped_at_the_next_start(
    bench: Bench, programs: list[HostProgram]
) -> None:
    """The worst case of the process backend; elsewhere the kernel ends a namespace with its first process."""
    program = HostProgram(bench)
    programs.append(program)
    program.process.send_signal(signal.SIGSTOP)  # or it would clean up when it sees the agent die
    (agent,) = [pid for pid in processes_with("-ISB") if _parent(pid) == program.process.pid]
    os.kill(agent, signal.SIGKILL)
    program.end(signal.SIGKILL)
    assert processes_with(program.argument) != [] or "PYTEST_XDIST_WORKER" in os.environ
    bench.sandbox.reap()
    assert processes_with(program.argument) == []
    assert program.left() == []


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
