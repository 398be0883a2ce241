"""The table of cases: facts in, status out."""

from __future__ import annotations

import dataclasses
import signal
from typing import Any

import pytest

from sandbox.backends.dummy import SUCCESS
from sandbox.death import cause_of_death
from sandbox.protocol import StopReason

UNSEEN = {"exit_code": None, "signal": None}
KILLED = {"exit_code": None, "signal": int(signal.SIGKILL)}


@pytest.mark.parametrize(
    ("facts", "status", "evidence"),
    [
        ({}, "ok", "exit status 0"),
        ({"exit_code": 1}, "failed", "exit status 1"),
        # 137 and SIGKILL alone prove nothing, whoever shows them.
        ({"exit_code": 137}, "failed", "exit status 137"),
        ({**KILLED, "engine_exit_code": 137}, "failed", "SIGKILL"),
        ({**KILLED, "oom_kills": None}, "failed", "SIGKILL"),
        ({**KILLED, "peak_memory_mb": 1e6}, "failed", "SIGKILL"),
        # What the kernel counted.
        ({**KILLED, "oom_kills": 1}, "out_of_memory", "killed 1 process"),
        ({"exit_code": 1, "oom_kills": 2}, "out_of_memory", "exit status 1; the kernel killed 2"),
        ({**UNSEEN, "oom_kills": 1, "engine_exit_code": 137}, "out_of_memory", "nobody saw"),
        ({"exit_code": 0, "oom_kills": 1}, "ok", "for memory"),
        ({"exit_code": 1, "process_limit_hits": 3}, "process_limit", "refused 3 fork"),
        ({"exit_code": 0, "process_limit_hits": 3}, "ok", "refused 3 fork"),
        ({"exit_code": 1, "oom_kills": 1, "process_limit_hits": 3}, "out_of_memory", "refused 3 fork"),
        ({"exit_code": None, "signal": int(signal.SIGXFSZ)}, "disk_full", "SIGXFSZ"),
        # What the host stopped, whatever else happened on the way.
        ({**UNSEEN, "stopped_by": StopReason.BUDGET, "wall_seconds": 12.3}, "stopped_over_budget", "12 s"),
        ({**UNSEEN, "stopped_by": StopReason.WALL, "wall_seconds": 60.2}, "timeout", "60 s"),
        ({"exit_code": 0, "stopped_by": StopReason.WALL}, "timeout", "stopped by the host"),
        ({**KILLED, "stopped_by": StopReason.WALL, "oom_kills": 1}, "timeout", "for memory"),
        ({**UNSEEN, "stopped_by": StopReason.MEMORY, "peak_memory_mb": 2000.0}, "out_of_memory", "peak 2000 MiB"),
        ({**UNSEEN, "stopped_by": StopReason.MEMORY, "peak_memory_mb": None}, "out_of_memory", "unknown"),
        ({**UNSEEN, "stopped_by": StopReason.PROCESSES}, "process_limit", "watchdog"),
        ({**UNSEEN, "stopped_by": StopReason.DISK}, "disk_full", "disk limit"),
        ({"exit_code": 1, "stopped_by": StopReason.DISK}, "disk_full", "disk limit"),
        ({**UNSEEN, "stopped_by": StopReason.OUTPUT, "stderr_bytes": 600 << 20}, "output_limit", "600 MiB"),
        ({**UNSEEN, "stopped_by": StopReason.CANCELLED}, "skipped", "cancelled"),
        # Ours.
        ({**UNSEEN, "engine_exit_code": 0}, "infrastructure_error", "nobody saw"),
        ({**UNSEEN, "engine_exit_code": None}, "infrastructure_error", "nobody saw"),
        ({**UNSEEN, "engine_error": "gone"}, "infrastructure_error", "gone"),
        # A signal this Python has no name for.
        ({"exit_code": None, "signal": 33}, "failed", "signal 33"),
    ],
)
def test_cause_of_death(facts: dict[str, Any], status: str, evidence: str) -> None:
    death = cause_of_death(dataclasses.replace(SUCCESS, **facts))
    assert death.status == status
    assert evidence in death.evidence


def test_every_stop_reason_has_a_status() -> None:
    for reason in StopReason:
        cause_of_death(dataclasses.replace(SUCCESS, stopped_by=reason))
