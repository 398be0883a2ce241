"""Find and remove what programs that are gone left on this machine: processes, control groups, run folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox import cgroups, folder, owner


def reap_local() -> list[str]:
    """Remove all that belongs to owners that are gone; returns a line for each thing removed."""
    removed = [f"process {pid}" for pid in kill_labelled(_owner_is_gone)]
    for group in _orphaned_groups():
        group.remove()
        removed.append(f"control group {next(iter(group.folders.values())).name}")
    for path in folder.parent().iterdir():
        if _owner_is_gone(path.name):
            shutil.rmtree(path, ignore_errors=True)
            removed.append(f"folder {path}")
    return removed


def kill_labelled(mine: Callable[[str], bool]) -> list[int]:
    """Kill every process whose label in its environment `mine` accepts, again until none is left (at most 5 s)."""
    killed: list[int] = []
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [pid for pid, label in _labelled() if mine(label)]
        if not found:
            break
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        time.sleep(0.01)
    return sorted(set(killed))


def _labelled() -> Iterator[tuple[int, str]]:
    """Pid and label of each live process that carries one, but for this program itself."""
    key = f"{owner.VARIABLE}=".encode()
    for path in Path("/proc").iterdir():
        if not path.name.isdigit() or int(path.name) == os.getpid():
            continue
        try:
            environment = (path / "environ").read_bytes()
        except OSError:
            continue
        for entry in environment.split(b"\0"):
            if entry.startswith(key):
                yield int(path.name), entry[len(key) :].decode(errors="replace")


def _orphaned_groups() -> Iterator[cgroups.Cgroup]:
    here = cgroups.of_process(os.getpid())
    if here is None:
        return
    places = set(here.folders.values())
    if here.version == 2:
        places |= {place.parent for place in places}
    for place in places:
        with contextlib.suppress(OSError):
            for path in place.glob(f"{cgroups.PREFIX}*"):
                if _owner_is_gone(path.name.removeprefix(cgroups.PREFIX)):
                    yield cgroups.Cgroup(here.version, {"any": path})


def _owner_is_gone(label: str) -> bool:
    who = owner.parse(label)
    return who is not None and who.is_gone()
