"""No isolation: the command runs as an ordinary process of this user, with only its end and its use watched.

For submissions that are trusted, and for machines where nothing better exists; it has to be asked for by name.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sandbox import cgroups, execution, gpus, owner, reaper
from sandbox.backends import environment
from sandbox.backends.local import LocalProcess, cpu_set
from sandbox.folder import RunFolder
from sandbox.output import Recorder
from sandbox.protocol import Mount, Outcome, Sample, Task
from sandbox.watchdog import Running

_number = itertools.count()


class ProcessSandbox:
    """Nothing is mounted, hidden or cut off; limits hold as far as rlimits, the watchdog and cgroups reach."""

    name = "process"
    isolation = "not isolated"

    def __init__(self) -> None:
        import uv

        self.python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        self.uv = str(uv.find_uv_bin())

    def mount(self, source: Path, inside: str, writable: bool = False) -> Mount:
        """Nothing can be mounted: the target is the source itself."""
        return Mount(source.absolute(), str(source.absolute()), writable)

    def run(
        self,
        task: Task,
        record: Path,
        *,
        on_sample: Callable[[Sample], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        with RunFolder(os.getuid(), os.getgid()) as folder, cgroups.temporary(task.limits) as group:
            home = Path(tempfile.mkdtemp(prefix="home-", dir=folder.path))
            tmp = Path(tempfile.mkdtemp(prefix="tmp-", dir=folder.path))
            label = f"{owner.current().token}-{next(_number)}"
            (folder.path / "bin").mkdir()
            (folder.path / "bin" / "uv").symlink_to(self.uv)
            path = f"{folder.path}/bin:/usr/local/bin:/usr/bin:/bin"
            variables = environment.build(task, path, str(home), str(tmp)) | {owner.VARIABLE: label}
            if gpus.chosen(task.gpus):
                variables[gpus.VARIABLE] = ",".join(gpus.chosen(task.gpus))
            message = {
                "command": task.command,
                "cwd": task.cwd,
                "environment": variables,
                "services": {str(port): str(path) for port, path in task.services.items()},
                "limits": execution.agent_limits(task.limits, cpus=cpu_set(task.limits, group)),
            }

            def launch(folder: RunFolder, stdout: Recorder, stderr: Recorder) -> Running:
                command = [self.python, "-ISB", str(folder.agent), str(folder.path / "control.sock")]
                return LocalProcess(command, {owner.VARIABLE: label}, group, stdout, stderr, 1, label)

            # Home and tmp are ordinary folders here, so they count against the disk limit.
            private = (Mount(home, str(home), True), Mount(tmp, str(tmp), True))
            task = replace(task, mounts=(*task.mounts, *private))
            return execution.execute(task, record, folder, launch, message, on_sample, cancel)

    def reap(self) -> list[str]:
        return reaper.reap_local()

    def describe(self) -> Mapping[str, str]:
        return {
            "backend": self.name,
            "isolation": self.isolation,
            "python": self.python,
            "not_enforced": "network, files, tmp and shm size",
        }
