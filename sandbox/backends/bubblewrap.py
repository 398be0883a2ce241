"""Isolation without an engine: unprivileged namespaces by the `bwrap` program, the host's /usr read-only inside."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox import cgroups, execution, gpus, owner, reaper
from sandbox.backends import bwrap_program, environment, permissions, seccomp
from sandbox.backends.local import LocalProcess, cpu_set
from sandbox.folder import USER_NAME, RunFolder
from sandbox.output import Recorder
from sandbox.protocol import Mount, Network, Outcome, Sample, Task
from sandbox.watchdog import Running

HOME = f"/home/{USER_NAME}"
FOLDER = "/run/sandbox"
SERVICES = "/run/services"
UV = "/opt/bin/uv"
PATH = "/opt/bin:/usr/local/bin:/usr/bin:/bin"
_number = itertools.count()


class BubblewrapSandbox:
    """Own user, pid, mount, ipc, uts, cgroup and network namespaces; no capabilities; a root of read-only binds.

    Where the host program is root, the command runs as user 64321 without a user namespace (and cannot make one),
    and mounts are opened to it as docker's are.

    Memory, processes and cpu are limited by a control group where one may be made (root, or a delegated group),
    else by the watchdog alone.
    """

    name = "bubblewrap"
    isolation = "namespaces (bubblewrap)"
    uv = UV

    def __init__(self) -> None:
        """Raises InfrastructureError if bwrap is missing or may not make namespaces here."""
        self.program = bwrap_program.find_bwrap()
        self.filter = seccomp.program()
        self.python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
        self.prefix = os.path.realpath(sys.base_prefix)

    def mount(self, source: Path, inside: str, writable: bool = False) -> Mount:
        return Mount(source.absolute(), inside, writable)

    def run(
        self,
        task: Task,
        record: Path,
        *,
        on_sample: Callable[[Sample], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Outcome:
        with RunFolder(*bwrap_program.inside_user()) as folder, cgroups.temporary(task.limits) as group:
            permissions.open_mounts(task, *permissions.command_user())
            rlimits = {}
            if group is None and _kernel() >= (5, 14):
                # A bound for what is faster than the watchdog, which has to see the limit broken to say so. Older
                # kernels count all processes of the user, not those of this user namespace.
                rlimits["RLIMIT_NPROC"] = 2 * task.limits.pids + 64
            message = {
                "command": task.command,
                "cwd": task.cwd,
                "environment": environment.build(task, PATH, HOME, "/tmp"),
                "services": {str(port): f"{SERVICES}/{port}.sock" for port in task.services},
                "limits": execution.agent_limits(task.limits, rlimits, cpu_set(task.limits, group)),
            }

            def launch(folder: RunFolder, stdout: Recorder, stderr: Recorder) -> Running:
                label = f"{owner.current().token}-{next(_number)}"
                command = [*self._arguments(task, folder), "--", *bwrap_program.drop_root()]
                command += [self.python, "-ISB", f"{FOLDER}/agent.py", f"{FOLDER}/control.sock"]
                return self._start(command, label, group, stdout, stderr)

            return execution.execute(task, record, folder, launch, message, on_sample, cancel)

    def _start(
        self, command: list[str], label: str, group: cgroups.Cgroup | None, stdout: Recorder, stderr: Recorder
    ) -> Running:
        variables = {owner.VARIABLE: label}
        if self.filter is None:
            return LocalProcess(command, variables, group, stdout, stderr, 2, label)
        descriptor = seccomp.as_file(self.filter)
        try:
            command = [command[0], "--seccomp", str(descriptor), *command[1:]]
            return LocalProcess(command, variables, group, stdout, stderr, 2, label, [descriptor])
        finally:
            os.close(descriptor)

    def _arguments(self, task: Task, folder: RunFolder) -> list[str]:
        words = bwrap_program.namespaces(self.program)
        words += ["--hostname", "sandbox", "--new-session", "--as-pid-1", "--clearenv"]
        if task.network is Network.INDEX:
            words.remove("--unshare-net")
        shown = self._shown(task, folder)
        return [*words, *bwrap_program.open_parents(shown), *shown, "--remount-ro", "/dev", "--remount-ro", "/"]

    def _shown(self, task: Task, folder: RunFolder) -> list[str]:
        """All file systems of the sandbox, from the outermost in."""
        limits = task.limits
        words = list(bwrap_program.system())
        if not Path(self.prefix).is_relative_to("/usr"):
            words += _bind(self.prefix, self.prefix)
        words += _bind(_uv(), UV)
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += _tmpfs("/dev/shm", limits.shm_mb, "1777") + _tmpfs("/tmp", limits.tmp_mb, "1777")
        words += _tmpfs(HOME, limits.tmp_mb, "0777")
        words += _bind(folder.path, FOLDER)
        for name in ("passwd", "group", "hosts"):
            words += _bind(folder.path / name, f"/etc/{name}")
        for port, path in task.services.items():
            words += _bind(path, f"{SERVICES}/{port}.sock")
        if task.network is Network.INDEX:
            words += _index_files()
        if task.gpus:
            names = gpus.chosen(task.gpus)
            others = {f"nvidia{number}" for number in range(256)} - {f"nvidia{name}" for name in names}
            for device in sorted(Path("/dev").glob("nvidia*")):
                if names and all(name.isdigit() for name in names) and device.name in others:
                    continue
                words += ["--dev-bind", str(device), str(device)]
        for mount in sorted(task.mounts, key=lambda mount: mount.target):
            words += _bind(mount.source, mount.target, mount.writable)
        return words

    def reap(self) -> list[str]:
        return reaper.reap_local()

    def describe(self) -> Mapping[str, str]:
        grouped = cgroups.allowed()
        return {
            "backend": self.name,
            "isolation": self.isolation,
            "bwrap": bwrap_program.version(self.program),
            "python": self.python,
            "limits": "control group and watchdog" if grouped else "watchdog and rlimits",
            "seccomp": "yes" if self.filter else "no filter for this architecture",
            "not_enforced": "" if grouped else "memory and process peaks shorter than a quarter second",
        }


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor)) or 0)


def _index_files() -> list[str]:
    words = []
    for name in ("/etc/resolv.conf", "/etc/nsswitch.conf"):
        words += ["--ro-bind-try", os.path.realpath(name), name]
    # The host's names may be how its proxy or its index is found.
    words += ["--ro-bind-try", "/etc/hosts", "/etc/hosts"]
    bundle = environment.host_ca_bundle(os.environ)
    if bundle is not None and str(bundle) != environment.CA_BUNDLE:
        words += ["--ro-bind", str(bundle), environment.CA_BUNDLE]
    return words


def _bind(source: Path | str, target: str, writable: bool = False) -> list[str]:
    return ["--bind" if writable else "--ro-bind", str(source), target]


def _tmpfs(target: str, megabytes: int, permissions: str) -> list[str]:
    return ["--size", str(megabytes << 20), "--perms", permissions, "--tmpfs", target]


@functools.cache
def _uv() -> str:
    import uv

    return os.path.realpath(uv.find_uv_bin())
