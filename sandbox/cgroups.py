"""Control groups, version 1 (a folder per controller) and 2 (one folder): read anyone's, make our own.

The kernel's counters outlive the processes in a group, which makes them the only proof of a memory kill.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox import owner
from sandbox.protocol import Limits
from sandbox.usage import MIB, KernelFacts, Usage

ROOT = Path("/sys/fs/cgroup")
PREFIX = "sandbox-review-"
CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
_number = itertools.count()


@dataclass(frozen=True)
class Cgroup:
    """One group. `folders` has one entry per controller; in version 2 they are all the same folder."""

    version: int
    folders: dict[str, Path]

    def usage(self) -> Usage | None:
        """None once the group is gone."""
        try:
            if self.version == 1:
                cpu = int((self.folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9
                stat = _table(self.folders["memory"] / "memory.stat")
                memory = sum(stat.get(key, 0) for key in ("total_rss", "total_shmem", "total_swap"))
            else:
                cpu = _table(self.folders["cpu"] / "cpu.stat").get("usage_usec", 0) / 1e6
                stat = _table(self.folders["memory"] / "memory.stat")
                memory = stat.get("anon", 0) + stat.get("shmem", 0)
            tasks = int((self.folders["pids"] / "pids.current").read_text())
            processes = len((self.folders["pids"] / "cgroup.procs").read_text().split())
        except (OSError, KeyError, ValueError):
            return None
        return Usage(cpu, memory / MIB, processes, tasks)

    def kernel_facts(self) -> KernelFacts:
        """Memory kills and refused forks so far."""
        kills_file = "memory.oom_control" if self.version == 1 else "memory.events"
        return KernelFacts(self._count("memory", kills_file, "oom_kill"), self._count("pids", "pids.events", "max"))

    def _count(self, controller: str, name: str, key: str) -> int | None:
        try:
            return _table(self.folders[controller] / name).get(key)
        except (OSError, KeyError, ValueError):
            return None

    def entrances(self) -> list[Path]:
        """Files a process writes its pid to in order to enter the group."""
        return [folder / "cgroup.procs" for folder in sorted(set(self.folders.values()))]

    def kill(self) -> None:
        """Kill every process in the group, again until none is left (at most 5 s)."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            pids: set[int] = set()
            for entrance in self.entrances():
                with contextlib.suppress(OSError, ValueError):
                    pids |= {int(line) for line in entrance.read_text().split()}
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)

    def remove(self) -> None:
        """Kill what is inside and remove the group."""
        self.kill()
        for folder in set(self.folders.values()):
            for _ in range(100):
                try:
                    folder.rmdir()
                    break
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)  # dead processes leave their group a moment after they die


def of_process(pid: int, root: Path = ROOT) -> Cgroup | None:
    """The group of a process; None where it cannot be seen from here."""
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return None
    return parse(lines, root)


def parse(lines: list[str], root: Path) -> Cgroup | None:
    """The group that the lines of a /proc/PID/cgroup mean, below the mount point `root`."""
    version1: dict[str, Path] = {}
    unified: Path | None = None
    for line in lines:
        _, names, path = line.split(":", 2)
        for name in names.split(","):
            folder = root / name / path.lstrip("/")
            if name in CONTROLLERS and folder.is_dir():
                version1[name] = folder
        if not names:
            unified = root / path.lstrip("/")
    if "memory" in version1 and "pids" in version1:
        return Cgroup(1, version1)
    if unified is not None and (unified / "cgroup.controllers").is_file():
        return Cgroup(2, dict.fromkeys(("memory", "pids", "cpu"), unified))
    return None


@contextlib.contextmanager
def temporary(limits: Limits) -> Iterator[Cgroup | None]:
    """A group for one command, gone with all that is in it when the context ends; None where none can be made."""
    group = create(limits)
    try:
        yield group
    finally:
        if group is not None:
            group.remove()


def create(limits: Limits, root: Path = ROOT) -> Cgroup | None:
    """A new group below our own with memory, process and cpu limits; None where that is not allowed."""
    here = of_process(os.getpid(), root)
    if here is None:
        return None
    name = f"{PREFIX}{owner.current().token}-{next(_number)}"
    parents = [here.folders]
    if here.version == 2:
        # A group with processes in it cannot hand controllers on; its parent may already do so.
        parents.append({key: folder.parent for key, folder in here.folders.items()})
    for parent in parents:
        group = Cgroup(here.version, {key: folder / name for key, folder in parent.items()})
        try:
            if here.version == 2:
                _hand_on(parent["memory"])
            for folder in set(group.folders.values()):
                folder.mkdir()
            _limit(group, limits)
            return group
        except OSError:
            group.remove()
    return None


@functools.cache
def allowed() -> bool:
    """Whether groups can be made here; finds out by making one."""
    group = create(Limits())
    if group is not None:
        group.remove()
    return group is not None


def _hand_on(folder: Path) -> None:
    """Give children the memory, pids and cpu controllers. Raises OSError where that is not allowed."""
    switch = folder / "cgroup.subtree_control"
    missing = {"memory", "pids", "cpu"} - set(switch.read_text().split())
    if missing:
        switch.write_text(" ".join(f"+{name}" for name in sorted(missing)))


def _limit(group: Cgroup, limits: Limits) -> None:
    memory = str(limits.memory_mb * MIB)
    # bwrap and the agent are in the group as well.
    (group.folders["pids"] / "pids.max").write_text(str(limits.pids + 2))
    if group.version == 2:
        (group.folders["memory"] / "memory.max").write_text(memory)
        swap = group.folders["memory"] / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
        (group.folders["cpu"] / "cpu.max").write_text(f"{int(limits.cpus * 100_000)} 100000")
        return
    (group.folders["memory"] / "memory.limit_in_bytes").write_text(memory)
    both = group.folders["memory"] / "memory.memsw.limit_in_bytes"
    if both.exists():
        both.write_text(memory)
    if "cpu" in group.folders:
        (group.folders["cpu"] / "cpu.cfs_quota_us").write_text(str(int(limits.cpus * 100_000)))


def _table(path: Path) -> dict[str, int]:
    """A file of "name number" lines."""
    pairs = (line.split() for line in path.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}
