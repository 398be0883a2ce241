"""What a stage loads beside the experiment: the probe always, and what stands in for a missing GPU."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.attempt import Attempt
from runner.probe_facts import ProbeFacts
from runner.probe_summary import summarise_events
from runner.workbench import Installed
from sandbox.device import Served, device_variables, read_served, torchvision_variables
from sandbox.probe import EventServer, probe_variables
from sandbox.protocol import Mount, Outcome

EVENTS = "events.jsonl"
"""The probe's events, in an attempt's folder."""
UNSEEN_CPU_SECONDS = 30.0
"""uv and the dynamic loader use some time that no Python process knows of; far more than they ever took."""


@dataclass(frozen=True)
class Instruments:
    """Environment and mounts to add to a command, and the readings afterwards."""

    variables: dict[str, str]
    mounts: list[Mount]
    device: bool
    """Whether `cuda` is served by the CPU."""
    events: EventServer
    """Its counters can be read while the command runs."""
    _folder: Path

    def served(self) -> Served:
        """What the device stand-in served."""
        return read_served(self._folder)


@contextlib.contextmanager
def instruments(attempt: Attempt, installed: Installed, *, device: bool) -> Iterator[Instruments]:
    """They are up within the block; the probe's events are complete behind it.

    `device`: serve `cuda` from the CPU where torch is the CPU build. Raises InfrastructureError.
    """
    folder = attempt.folder("observed")
    mount = attempt.bench.sandbox.mount(folder, "/observed", writable=True)
    # Socket paths have room for 107 characters; an attempt's own folder may be deeper.
    with tempfile.TemporaryDirectory(prefix="probe-") as short:
        sockets = attempt.bench.sandbox.mount(Path(short), "/run/probe")
        variables = probe_variables(attempt.tool(""), f"{sockets.target}/events.sock", attempt.root)
        if installed.replaced_torch:
            variables |= torchvision_variables()
        if device:
            declared = "flash-attn" in attempt.bench.submission.files.get("pyproject.toml", "")
            variables |= device_variables(mount.target, flash_attention=declared)
        with EventServer(Path(short) / "events.sock", attempt.record / EVENTS) as events:
            attempt.bench.progress.stage_counters(events.counters)
            yield Instruments(variables, [mount, sockets], device, events, folder)


def probe_facts(attempt: Attempt, outcome: Outcome) -> ProbeFacts:
    """What the probe saw of an attempt whose instruments are down; cross-checked with what the services saw."""
    facts = summarise_events(attempt.record / EVENTS, outcome.exit_code)
    if not facts.processes and (attempt.hub or (attempt.wandb is not None and attempt.wandb.calls)):
        doubt = "the services were asked by processes from which no event came"
    else:
        doubt = unaccounted(facts, outcome.cpu_seconds)
    return facts.model_copy(update={"disputed": [*facts.disputed, doubt]}) if doubt else facts


def unaccounted(facts: ProbeFacts, kernel_seconds: float | None) -> str:
    """Why the CPU time that the kernel counted says that something ran unseen; "" where it does not.

    Says nothing where a process did not end by itself (its time is not known), where a program other than Python or a
    process without the probe was started, or where not all of this is known.
    """
    if kernel_seconds is None or not facts.processes or not all(p.ended or p.left for p in facts.processes):
        return ""
    if (
        not all(item.python for item in facts.started)
        or facts.unobserved
        or {"started", "processes"}.intersection(facts.cut)
    ):
        return ""
    told = facts.counters.get("cpu_seconds", 0.0)
    if kernel_seconds - told <= max(UNSEEN_CPU_SECONDS, told):
        return ""
    return (
        f"the kernel counted {kernel_seconds:.0f} s of CPU time, and the processes that the probe saw used {told:.0f} s"
    )
