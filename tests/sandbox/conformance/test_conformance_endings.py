"""How a command ends, and that what is reported about it is true whatever the command says."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conformance_bench import QUICK, Bench, Promise, marker, processes_with, wait_for

from sandbox.errors import InfrastructureError
from sandbox.protocol import StopReason

FORGED = '{"event": "ended", "code": 0, "signal": null, "cpu_seconds": 0.0, "max_rss_mb": 0.0}'


def test_success(bench: Bench) -> None:
    result = bench.run("print('hello'); import sys; print('oops', file=sys.stderr)")
    assert (result.outcome.exit_code, result.outcome.signal, result.outcome.stopped_by) == (0, None, None)
    assert (result.stdout, result.stderr) == ("hello\n", "oops\n")
    assert (result.outcome.stdout_bytes, result.outcome.stderr_bytes) == (6, 5)
    assert result.death.status == "ok"


@pytest.mark.parametrize("code", [1, 3, 137])
def test_exit_code(bench: Bench, code: int) -> None:
    """137 too: without a counted kill it is just a number."""
    result = bench.run(f"import sys; sys.exit({code})")
    assert result.outcome.exit_code == code
    assert result.outcome.signal is None
    assert result.death.status == "failed"


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGTERM"])
def test_signal(bench: Bench, name: str) -> None:
    result = bench.run(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert result.outcome.exit_code is None
    assert result.outcome.signal is not None
    assert result.death.status == "failed"
    assert name in result.death.evidence


def test_use_is_measured(bench: Bench) -> None:
    result = bench.run("import time; x = bytearray(200 << 20)\nwhile time.process_time() < 1: pass")
    assert result.outcome.cpu_seconds is not None and 0.9 < result.outcome.cpu_seconds < 10
    assert result.outcome.peak_memory_mb is not None and 200 <= result.outcome.peak_memory_mb < 400
    samples = [json.loads(line) for line in (result.record / "usage.jsonl").read_text().splitlines()]
    assert len(samples) >= 3
    assert set(samples[0]) == {"seconds", "cpu_seconds", "memory_mb", "processes", "disk_mb"}


def test_commands_side_by_side_do_not_meet(bench: Bench) -> None:
    """One backend object, several threads: every result is its own command's."""
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: bench.run(f"import sys; print({n}); sys.exit({n})"), range(6)))
    assert [result.outcome.exit_code for result in results] == list(range(6))
    assert [result.stdout for result in results] == [f"{n}\n" for n in range(6)]


def test_a_command_that_does_not_exist_is_not_the_submissions_fault(bench: Bench) -> None:
    with pytest.raises(InfrastructureError, match="no-such-program"):
        bench.run("", command=("/no-such-program",))


def test_a_sandbox_that_cannot_be_made_says_why(bench: Bench) -> None:
    missing = bench.sandbox.mount(bench.root / "missing", "/missing", writable=False)
    if bench.name == "process":
        assert bench.run("pass", mounts=(missing,)).death.status == "ok"  # nothing is mounted, so nothing is missed
    else:
        with pytest.raises(InfrastructureError, match="missing"):
            bench.run("pass", mounts=(missing,))


def test_a_background_process_does_not_outlive_the_command(bench: Bench) -> None:
    argument = marker()
    result = bench.run(
        f"import subprocess; subprocess.Popen(['sleep', '{argument}'], start_new_session=True); print('done')"
    )
    assert result.death.status == "ok"
    assert processes_with(argument) == []


def test_wall_limit_ends_the_whole_tree(bench: Bench) -> None:
    """The children ignore SIGTERM, have their own sessions, and one is a daemon nobody waits for."""
    argument = marker()
    code = (
        "import os, signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"subprocess.Popen(['sleep', '{argument}'], start_new_session=True)\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        f"        os.execvpe('sleep', ['sleep', '{argument}'], {{}})\n"
        "    os._exit(0)\n"
        "print('up')\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    result = bench.run(code, limits=dataclasses.replace(QUICK, wall_seconds=1.5))
    assert time.monotonic() - started < 8
    assert result.outcome.stopped_by is StopReason.WALL
    assert result.death.status == "timeout"
    assert result.stdout == "up\n"
    assert processes_with(argument) == []


def test_a_time_out_is_announced_with_sigterm(bench: Bench) -> None:
    """So that a fault handler can still say where the code was."""
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('told'), sys.exit(5)))\n"
        "print('up'); time.sleep(60)"
    )
    result = bench.run(code, limits=dataclasses.replace(QUICK, wall_seconds=1.5))
    assert result.stdout == "up\ntold\n"
    assert result.outcome.exit_code == 5
    assert result.death.status == "timeout"


def test_cancelling_ends_the_whole_tree(bench: Bench) -> None:
    argument = marker()
    cancel = threading.Event()
    ready = bench.work / "ready"

    def cancel_when_ready() -> None:
        wait_for(ready.exists)
        cancel.set()

    threading.Thread(target=cancel_when_ready, daemon=True).start()
    result = bench.run(
        "import subprocess, time\n"
        f"subprocess.Popen(['sleep', '{argument}'], start_new_session=True)\n"
        "open('ready', 'w').close(); time.sleep(60)",
        cancel=cancel,
    )
    assert result.outcome.stopped_by is StopReason.CANCELLED
    assert result.death.status == "skipped"
    assert result.outcome.wall_seconds < 20
    assert processes_with(argument) == []


def test_words_of_the_agent_in_the_output_mean_nothing(bench: Bench) -> None:
    code = (
        "import glob, os, socket, sys\n"
        f"word = '{FORGED}'\n"
        "print(word); print(word, file=sys.stderr)\n"
        "print('OOMKilled: true, exit status 137, container killed by timeout')\n"
        "for name in ('/run/sandbox/control.sock', *glob.glob('/tmp/sandbox-review-*/*/control.sock')):\n"
        "    try:\n"
        "        s = socket.socket(socket.AF_UNIX); s.connect(name); s.sendall(word.encode() + b'\\n'); print('SENT')\n"
        "    except OSError: pass\n"
        "for fd in (*range(3, 64), *glob.glob(f'/proc/{os.getppid()}/fd/*')):\n"
        "    try:\n"
        "        fd = fd if isinstance(fd, int) else os.open(fd, os.O_WRONLY)\n"
        "        os.write(fd, word.encode() + b'\\n')\n"
        "    except OSError: pass\n"
        "sys.exit(7)"
    )
    result = bench.run(code)
    assert result.outcome.exit_code == 7
    assert result.death.status == "failed"
    assert "SENT" not in result.stdout


def test_the_agents_connection_cannot_be_taken_from_it(bench: Bench) -> None:
    """By pidfd_getfd, which is how a process of the same user would."""
    code = (
        "import ctypes, os\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "pidfd = libc.syscall(434, os.getppid(), 0)\n"
        "taken = [fd for fd in range(3, 64) if libc.syscall(438, pidfd, fd, 0) >= 0]\n"
        "print('taken', taken)"
    )
    result = bench.run(code)
    if bench.name == "process" and os.getuid() == 0:
        assert "taken [3" in result.stdout  # root may take anything from anyone, so it has to be trusted
    else:
        assert result.stdout == "taken []\n"


def test_ending_the_agent(bench: Bench) -> None:
    """Where the command can, its end is unknown, which blames nobody, and still nothing of it lives on."""
    argument = marker()
    code = (
        "import os, signal, subprocess, sys, time\n"
        f"subprocess.Popen(['sleep', '{argument}'], start_new_session=True)\n"
        "os.kill(os.getppid(), signal.SIGKILL)\n"
        "time.sleep(0.5); sys.exit(7)"
    )
    result = bench.run(code)
    if bench.promises(Promise.SAFE_AGENT):
        assert result.outcome.exit_code == 7
    else:
        assert result.outcome.exit_code is None
        assert result.death.status == "infrastructure_error"
    assert processes_with(argument) == []
