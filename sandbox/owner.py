"""Who started a sandbox, written so that a later start can tell whether that program is gone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LABEL = "sandbox-review.owner"
"""Docker label that carries the owner's token."""
VARIABLE = "SANDBOX_REVIEW_OWNER"
"""Environment variable that carries the token where only the environment can (process backend)."""

_TOKEN = re.compile(r"^([0-9a-f]{12})-([0-9]+)-([0-9]+)-([0-9]+)")


@dataclass(frozen=True)
class Owner:
    """A program on this machine; pid and start time together never come back before the next boot."""

    boot: str
    pid_namespace: int
    pid: int
    start_ticks: int

    @property
    def token(self) -> str:
        """Safe as label, file name and environment value."""
        return f"{self.boot}-{self.pid_namespace}-{self.pid}-{self.start_ticks}"

    def is_gone(self) -> bool:
        """True only if it certainly is: programs of other pid namespaces cannot be seen, so they count as alive."""
        here = current()
        if self.boot != here.boot:
            return True
        if self.pid_namespace != here.pid_namespace:
            return False
        return start_ticks(self.pid) != self.start_ticks


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]


def current() -> Owner:
    """This program. Not cached: it must be right after a fork, too."""
    pid = os.getpid()
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    return Owner(_boot(), namespace, pid, start_ticks(pid) or 0)


def parse(text: str) -> Owner | None:
    """The owner whose token `text` begins with; None if it does not begin with one."""
    match = _TOKEN.match(text)
    if not match:
        return None
    return Owner(match[1], int(match[2]), int(match[3]), int(match[4]))


def start_ticks(pid: int) -> int | None:
    """When a live process started, in clock ticks since boot; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    # A zombie runs nothing: its sandboxes are as good as orphaned.
    return None if fields[0] in "ZX" else int(fields[19])
