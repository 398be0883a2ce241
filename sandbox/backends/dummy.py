"""A sandbox that runs nothing: each task gets the next outcome of a script. For unit tests of what uses sandboxes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.protocol import Mount, Outcome, Sample, Task

SUCCESS = Outcome(
    exit_code=0,
    signal=None,
    stopped_by=None,
    oom_kills=0,
    process_limit_hits=0,
    engine_exit_code=0,
    wall_seconds=1.0,
    cpu_seconds=0.5,
    peak_memory_mb=10.0,
    stdout_bytes=0,
    stderr_bytes=0,
)


@dataclass(frozen=True)
class Scripted:
    """What one run pretends. `act` may write into the task's mounts, as the command would have."""

    outcome: Outcome = SUCCESS
    stdout: str = ""
    stderr: str = ""
    act: Callable[[Task], None] | None = None


class DummySandbox:
    """Hands out `script` in order, raises what is an exception in it, and remembers the tasks."""

    name = "dummy"
    isolation = "nothing is run"
    python = "/usr/bin/python3"
    uv = "/usr/bin/uv"

    def __init__(self, script: Sequence[Scripted | Exception] = ()) -> None:
        self._script = list(script)
        self.tasks: list[Task] = []

    def mount(self, source: Path, inside: str, writable: bool = False) -> Mount:
        return Mount(source, inside, writable)

    def run(
        self,
        task: Task,
        record: Path,
        *,
        on_sample: Callable[[Sample], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        self.tasks.append(task)
        scripted = self._script.pop(0) if self._script else Scripted()
        if isinstance(scripted, Exception):
            raise scripted
        (record / "stdout.txt").write_text(scripted.stdout)
        (record / "stderr.txt").write_text(scripted.stderr)
        (record / "usage.jsonl").write_text("")
        if scripted.act is not None:
            scripted.act(task)
        return scripted.outcome

    def reap(self) -> list[str]:
        return []

    def describe(self) -> Mapping[str, str]:
        return {"backend": self.name, "isolation": self.isolation}
