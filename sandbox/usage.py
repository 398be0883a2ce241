"""What a running sandbox uses: by its processes where no cgroup can be asked, and on disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

MIB = 1 << 20


@dataclass(frozen=True)
class Usage:
    """Of all processes of a sandbox together; memory in MiB is what cannot be reclaimed."""

    cpu_seconds: float
    memory_mb: float
    processes: int
    tasks: int
    """Threads included: what a process limit counts."""


@dataclass(frozen=True)
class KernelFacts:
    """What the kernel counted; None where nobody can be asked."""

    oom_kills: int | None = None
    process_limit_hits: int | None = None

    def or_later(self, later: KernelFacts) -> KernelFacts:
        """Counters only grow, so what was seen stays seen when a later look finds nobody to ask."""
        return KernelFacts(
            _known(later.oom_kills, self.oom_kills), _known(later.process_limit_hits, self.process_limit_hits)
        )


def _known(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def of_processes(processes: Iterable[psutil.Process]) -> Usage:
    """Sum over processes. Shared pages count once in all (PSS); resident size stands in where PSS is hidden."""
    cpu = 0.0
    memory = 0
    count = tasks = 0
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
                try:
                    memory += process.memory_full_info().pss
                except psutil.AccessDenied:
                    memory += process.memory_info().rss
                tasks += process.num_threads()
                count += 1
        except psutil.Error:
            continue  # it ended meanwhile
    return Usage(cpu, memory / MIB, count, tasks)


def tree(root: int) -> list[psutil.Process]:
    """Process `root` and everything below it; empty if it is gone."""
    try:
        top = psutil.Process(root)
        return [top, *(process for process in top.children(recursive=True) if not _is_zombie(process))]
    except psutil.Error:
        return []


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def disk_mb(roots: Iterable[Path]) -> float:
    """MiB of disk blocks below `roots`. Hard links count once; what vanishes meanwhile does not count."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [str(root) for root in roots]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    try:
                        facts = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    if stat.S_ISDIR(facts.st_mode):
                        waiting.append(entry.path)
                    elif facts.st_nlink > 1:
                        if (facts.st_dev, facts.st_ino) in seen:
                            continue
                        seen.add((facts.st_dev, facts.st_ino))
                    total += facts.st_blocks * 512
        except OSError:
            continue
    return total / MIB
