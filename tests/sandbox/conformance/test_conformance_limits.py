"""Limits end a command, and the status says which limit it was."""

from __future__ import annotations

import dataclasses
import os

import psutil
from conformance_bench import QUICK, Bench, Promise

from sandbox.protocol import StopReason

MIB = 1 << 20


def test_memory_of_one_process(bench: Bench) -> None:
    code = "import time; hoard = []\nwhile True: hoard.append(bytearray(b'x' * (8 << 20))); time.sleep(0.01)"
    result = bench.run(code, limits=dataclasses.replace(QUICK, memory_mb=128))
    assert result.death.status == "out_of_memory", result.outcome


def test_memory_of_a_tree(bench: Bench) -> None:
    """No single process is over the limit, all together are."""
    code = (
        "import subprocess, sys\n"
        "child = 'import time; x = bytearray(b\"x\" * (48 << 20)); time.sleep(4)'\n"
        "children = [subprocess.Popen([sys.executable, '-c', child]) for _ in range(4)]\n"
        "sys.exit(max(abs(child.wait()) for child in children))"
    )
    result = bench.run(code, limits=dataclasses.replace(QUICK, memory_mb=150))
    assert result.death.status == "out_of_memory", result.outcome


def test_memory_kill_of_a_child_that_the_command_survives(bench: Bench) -> None:
    """A fact, but not what ended the command. Where the host's watchdog is the limit, nothing survives."""
    code = (
        "import subprocess, sys\n"
        "grow = 'x = []\\nwhile True: x.append(bytearray(b\"x\" * (8 << 20)))'\n"
        "subprocess.run([sys.executable, '-c', grow]); print('still here')"
    )
    result = bench.run(code, limits=dataclasses.replace(QUICK, memory_mb=128))
    if result.outcome.oom_kills:
        assert result.death.status == "ok"
        assert "for memory" in result.death.evidence
    else:
        assert result.death.status == "out_of_memory"


def test_memory_within_the_limit_is_left_alone(bench: Bench) -> None:
    result = bench.run(
        "x = bytearray(b'x' * (64 << 20)); print(len(x))", limits=dataclasses.replace(QUICK, memory_mb=256)
    )
    assert result.death.status == "ok"


def test_process_limit(bench: Bench) -> None:
    code = (
        "import subprocess, time\n"
        "children = [subprocess.Popen(['sleep', '30']) for _ in range(60)]\n"
        "print('started all'); time.sleep(1)"
    )
    result = bench.run(code, limits=dataclasses.replace(QUICK, pids=20))
    if bench.promises(Promise.PROCESS_LIMIT):
        assert result.death.status == "process_limit", result.outcome
    else:
        assert result.death.status == "ok"


def test_output_flood_is_bounded_in_memory_and_on_disk(bench: Bench) -> None:
    code = (
        "import sys\n"
        "sys.stdout.write('the head\\n'); block = 'x' * 1023 + '\\n'\n"
        "for _ in range(40 * 1024): sys.stdout.write(block)\n"
        "sys.stdout.write('the tail\\n')"
    )
    before = psutil.Process(os.getpid()).memory_info().rss
    result = bench.run(
        code, limits=dataclasses.replace(QUICK, output_keep_mb=1.0), environment={"PYTHONUNBUFFERED": ""}
    )
    grown = psutil.Process(os.getpid()).memory_info().rss - before
    assert result.death.status == "ok"
    assert result.outcome.stdout_bytes == 40 * MIB + 18
    assert result.stdout.startswith("the head\n") and result.stdout.endswith("the tail\n")
    size = (result.record / "stdout.txt").stat().st_size
    assert size <= MIB + 100
    assert f"[... {result.outcome.stdout_bytes - MIB} bytes left out ...]" in result.stdout
    assert grown < 16 * MIB


def test_endless_output_is_stopped(bench: Bench) -> None:
    limits = dataclasses.replace(QUICK, output_keep_mb=0.5, output_stop_mb=8)
    result = bench.run("import os\nwhile True: os.write(2, b'y' * 65536)", limits=limits)
    assert result.outcome.stopped_by is StopReason.OUTPUT
    assert result.death.status == "output_limit"
    assert (result.record / "stderr.txt").stat().st_size < MIB


def test_disk_quota_over_many_files(bench: Bench) -> None:
    code = (
        "import time\n"
        "for n in range(10_000):\n"
        "    with open(f'file-{n}', 'wb') as f: f.write(b'x' * (1 << 20))\n"
        "    time.sleep(0.01)"
    )
    result = bench.run(code, limits=dataclasses.replace(QUICK, disk_mb=30))
    assert result.outcome.stopped_by is StopReason.DISK
    assert result.death.status == "disk_full"
    assert sum(path.stat().st_size for path in bench.work.iterdir()) < 1000 * MIB


def test_disk_quota_on_one_file_faster_than_anyone_looks(bench: Bench) -> None:
    code = "block = b'x' * (1 << 20)\nwith open('file', 'wb') as f:\n    while True: f.write(block)"
    result = bench.run(code, limits=dataclasses.replace(QUICK, disk_mb=30))
    assert result.death.status == "disk_full", result.outcome
    assert (bench.work / "file").stat().st_size <= (30 + 64) * MIB


def test_what_lay_there_before_does_not_count_as_growth(bench: Bench) -> None:
    (bench.work / "before").write_bytes(b"x" * (40 * MIB))
    result = bench.run("open('after', 'w').write('y')", limits=dataclasses.replace(QUICK, disk_mb=30))
    assert result.death.status == "ok"
