"""Isolation without an engine: unprivileged namespaces by the `bwrap` program, the host's /usr read-only inside."""

from __future__ import annotations

import functools
import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox import cgroups, execution, owner, reaper
from sandbox.backends import environment, permissions
from sandbox.backends.local import LocalProcess, cpu_set
from sandbox.errors import InfrastructureError
from sandbox.folder import USER_NAME, RunFolder
from sandbox.output import Recorder
from sandbox.protocol import Mount, Network, Outcome, Sample, Task
from sandbox.watchdog import Running

UID = GID = 1000
HOME = f"/home/{USER_NAME}"
FOLDER = "/run/sandbox"
SERVICES = "/run/services"
UV = "/opt/bin/uv"
PATH = "/opt/bin:/usr/local/bin:/usr/bin:/bin"
ETC = (
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "localtime",
    "ssl/certs",
    "ssl/openssl.cnf",
)
_number = itertools.count()


class BubblewrapSandbox:
    """Own user, pid, mount, ipc, uts, cgroup and network namespaces; no capabilities; a root of read-only binds.

    Memory, processes and cpu are limited by a control group where one may be made (root, or a delegated group),
    else by the watchdog alone.
    """

    name = "bubblewrap"
    isolation = "namespaces (bubblewrap)"
    uv = UV

    def __init__(self) -> None:
        """Raises InfrastructureError if bwrap is missing or may not make namespaces here."""
        self.program = find_bwrap()
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
        with RunFolder(UID, GID) as folder, cgroups.temporary(task.limits) as group:
            # Root without capabilities, which is what root is in there, may not touch what others own.
            permissions.open_mounts(task, os.getuid(), os.getgid())
            rlimits = {}
            if group is None and os.getuid() != 0 and _kernel() >= (5, 14):
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
                agent = [self.python, "-ISB", f"{FOLDER}/agent.py", f"{FOLDER}/control.sock"]
                command = [self.program, *self._arguments(task, folder), "--", *agent]
                return LocalProcess(command, {owner.VARIABLE: label}, group, stdout, stderr, 2, label)

            return execution.execute(task, record, folder, launch, message, on_sample, cancel)

    def _arguments(self, task: Task, folder: RunFolder) -> list[str]:
        limits = task.limits
        words = [
            "--unshare-all",
            "--unshare-user",
            "--uid",
            str(UID),
            "--gid",
            str(GID),
            "--hostname",
            "sandbox",
        ]
        words += ["--die-with-parent", "--new-session", "--as-pid-1", "--clearenv", "--cap-drop", "ALL"]
        if _can_disable_userns(self.program):
            words += ["--disable-userns"]
        if task.network is Network.INDEX:
            words += ["--share-net"]
        words += _system()
        if not Path(self.prefix).is_relative_to("/usr"):
            words += ["--ro-bind", self.prefix, self.prefix]
        words += ["--ro-bind", _uv(), UV]
        words += ["--proc", "/proc", "--dev", "/dev"]
        words += _tmpfs("/dev/shm", limits.shm_mb, "1777") + _tmpfs("/tmp", limits.tmp_mb, "1777")
        words += _tmpfs(HOME, limits.tmp_mb, "0700")
        words += ["--ro-bind", str(folder.path), FOLDER]
        for name in ("passwd", "group", "hosts"):
            words += ["--ro-bind", str(folder.path / name), f"/etc/{name}"]
        for port, path in task.services.items():
            words += ["--ro-bind", str(path), f"{SERVICES}/{port}.sock"]
        if task.network is Network.INDEX:
            words += _index_files()
        if task.gpus:
            for device in sorted(Path("/dev").glob("nvidia*")):
                words += ["--dev-bind", str(device), str(device)]
        for mount in sorted(task.mounts, key=lambda mount: mount.target):
            words += ["--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target]
        return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]

    def reap(self) -> list[str]:
        return reaper.reap_local()

    def describe(self) -> Mapping[str, str]:
        grouped = cgroups.allowed()
        return {
            "backend": self.name,
            "isolation": self.isolation,
            "bwrap": version(self.program),
            "python": self.python,
            "limits": "control group and watchdog" if grouped else "watchdog and rlimits",
            "not_enforced": "" if grouped else "memory and process peaks shorter than a quarter second",
        }


def find_bwrap() -> str:
    """Path of a bwrap that works here. Raises InfrastructureError that says what is wrong."""
    program = shutil.which("bwrap")
    if program is None:
        raise InfrastructureError("bwrap is not installed; install the package `bubblewrap`")
    problem = try_bwrap(program)
    if problem:
        raise InfrastructureError(
            f"bwrap cannot make a sandbox here ({problem}); unprivileged user namespaces must be allowed "
            "(sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    return program


@functools.cache
def try_bwrap(program: str) -> str:
    """Really make a sandbox that runs `true`; "" if that worked, else bwrap's complaint."""
    words = [
        program,
        "--unshare-all",
        "--unshare-user",
        "--uid",
        str(UID),
        "--gid",
        str(GID),
        "--die-with-parent",
    ]
    words += [*_system(), "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--", "/bin/true"]
    try:
        done = subprocess.run(words, env={}, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit status {done.returncode}"


@functools.cache
def version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    return done.stdout.strip().removeprefix("bubblewrap ")


@functools.cache
def _can_disable_userns(program: str) -> bool:
    """bwrap 0.8 and newer: without nested user namespaces, much of the kernel's attack surface is out of reach."""
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=20)
    return "--disable-userns" in done.stdout + done.stderr


def _kernel() -> tuple[int, int]:
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor)) or 0)


@functools.cache
def _system() -> list[str]:
    """The host's programs and libraries, and the few files of /etc that they need. Nothing else of the host."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


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


def _tmpfs(target: str, megabytes: int, permissions: str) -> list[str]:
    return ["--size", str(megabytes << 20), "--perms", permissions, "--tmpfs", target]


@functools.cache
def _uv() -> str:
    import uv

    return os.path.realpath(uv.find_uv_bin())
