"""Host side of the observer: switch it on for a command, and read its counters afterwards."""

from __future__ import annotations

import struct
from pathlib import Path

from sandbox.inside.observer.sitecustomize import NAMES


def observer_variables(tools: str, folder: str) -> dict[str, str]:
    """Environment that loads the observer into every Python process; both are sandbox paths.

    `tools` is where the folder sandbox/inside is seen, `folder` where counters may be written.
    """
    return {"PYTHONPATH": f"{tools.rstrip('/')}/observer", "SANDBOX_REVIEW_OBSERVE": folder}


def read_counters(folder: Path) -> dict[str, float]:
    """Sum the counters of all processes; empty if the observer saw none.

    `unobserved_children` counts Python processes that were started and did not load the observer.
    """
    totals = dict.fromkeys(NAMES, 0)
    size = 8 * len(NAMES)
    for path in folder.glob("*.counters"):
        if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
            continue
        for name, value in zip(NAMES, struct.unpack(f"{len(NAMES)}q", path.read_bytes()), strict=True):
            totals[name] += value
    if not totals["processes"]:
        return {}
    unobserved = max(0, totals["python_children"] + 1 - totals["processes"])
    return {**{name: float(value) for name, value in totals.items()}, "unobserved_children": float(unobserved)}
