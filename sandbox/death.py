"""What ended a command: a pure function from facts to one status.

Why this is hard. The exit status that a shell or an engine shows is ambiguous: 137 is what remains of a memory
kill, of a time-out, of `kill -9` by the command's own launcher and of `sys.exit(137)`. What the command printed is
no witness at all, for it can print anything. So only three kinds of fact count: what the host did itself, what the
kernel counted, and what the agent, the command's parent, saw.

The order of the rules is the order of certainty: our own engine's failure; what the host stopped; success; what the
kernel counted; how the command ended.

What is not guessed, and what that costs:
- SIGKILL or 137 without a counted memory kill is `failed`. Where nobody can count (no cgroup in sight) and the
  watchdog did not see the peak, a true memory kill is called `failed`.
- A counted memory kill in a command that still ended with 0 is `ok`: it survived. The evidence mentions it.
- A counted memory kill before a time-out is `timeout`, which is what ended it. The evidence mentions the kill.
- A refused fork in a command that then failed is `process_limit`, though it may have failed of something else that
  came after. That is rare, and a command that needs more processes than it may have is wrong either way.
- A full /tmp, an EFBIG or an ENOSPC that the command handled or reported itself is `failed`: only it has seen it.
- `gpu_out_of_memory` cannot be told from these facts; whoever reads the traceback may refine `failed` to it.
- A command whose end nobody saw is `infrastructure_error`, even where the command may have killed its agent to get
  there (possible in the process backend only).
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from sandbox.protocol import Outcome, StopReason

Status = Literal[
    "ok",
    "failed",
    "timeout",
    "out_of_memory",
    "disk_full",
    "output_limit",
    "process_limit",
    "stopped_over_budget",
    "infrastructure_error",
    "skipped",
]
"""Those words of the review's `status` vocabulary that these facts can decide."""


@dataclass(frozen=True)
class Death:
    status: Status
    evidence: str
    """Which facts decided, in one line."""


_STOPPED: dict[StopReason, tuple[Status, str]] = {
    StopReason.WALL: ("timeout", "stopped by the host after {wall:.0f} s"),
    StopReason.MEMORY: ("out_of_memory", "stopped by the host's watchdog: over the memory limit, peak {peak}"),
    StopReason.PROCESSES: ("process_limit", "stopped by the host's watchdog: over the process limit"),
    StopReason.DISK: ("disk_full", "over the disk limit of its writable folders"),
    StopReason.OUTPUT: ("output_limit", "stopped by the host: {output:.0f} MiB printed"),
    StopReason.BUDGET: ("stopped_over_budget", "stopped by the host after {wall:.0f} s: far over its budget"),
    StopReason.CANCELLED: ("skipped", "cancelled by the user after {wall:.0f} s"),
}


def cause_of_death(outcome: Outcome) -> Death:
    """The status of one finished command, and which facts say so."""
    notes = _notes(outcome)
    if outcome.engine_error:
        return Death("infrastructure_error", f"the engine lost the command: {outcome.engine_error}")
    if outcome.stopped_by is not None:
        status, words = _STOPPED[outcome.stopped_by]
        peak = "unknown" if outcome.peak_memory_mb is None else f"{outcome.peak_memory_mb:.0f} MiB"
        printed = max(outcome.stdout_bytes, outcome.stderr_bytes) / 2**20
        return Death(status, words.format(wall=outcome.wall_seconds, peak=peak, output=printed) + notes)
    if outcome.exit_code == 0:
        return Death("ok", "exit status 0" + notes)
    if outcome.oom_kills:
        return Death("out_of_memory", _end(outcome) + notes)
    if outcome.signal == signal.SIGXFSZ:
        return Death("disk_full", "killed by SIGXFSZ: one file grew over the disk limit")
    if outcome.process_limit_hits:
        return Death("process_limit", _end(outcome) + notes)
    if outcome.exit_code is None and outcome.signal is None:
        return Death("infrastructure_error", _end(outcome))
    return Death("failed", _end(outcome))


def _end(outcome: Outcome) -> str:
    if outcome.signal is not None:
        return f"killed by {_signal_name(outcome.signal)}"
    if outcome.exit_code is not None:
        return f"exit status {outcome.exit_code}"
    return f"nobody saw the command end (the sandbox's own exit status: {outcome.engine_exit_code})"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _notes(outcome: Outcome) -> str:
    notes = ""
    if outcome.oom_kills:
        notes += f"; the kernel killed {outcome.oom_kills} process(es) of the sandbox for memory"
    if outcome.process_limit_hits:
        notes += f"; the kernel refused {outcome.process_limit_hits} fork(s) for the process limit"
    return notes
