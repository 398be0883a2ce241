"""What a stage loads beside the experiment: the observer always, and what stands in for a missing GPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runner.attempt import Attempt
from runner.workbench import Installed
from sandbox.device import Served, device_variables, read_served, torchvision_variables
from sandbox.observed import observer_variables, read_counters
from sandbox.protocol import Mount


@dataclass(frozen=True)
class Instruments:
    """Environment and mounts to add to a command, and the readings afterwards."""

    variables: dict[str, str]
    mounts: list[Mount]
    device: bool
    """Whether `cuda` is served by the CPU."""
    _folder: Path

    def counters(self) -> dict[str, float]:
        """What the observer counted, summed over all processes."""
        return read_counters(self._folder)

    def served(self) -> Served:
        """What the device stand-in served."""
        return read_served(self._folder)


def instruments(attempt: Attempt, installed: Installed, *, device: bool) -> Instruments:
    """Prepare them for one attempt. `device`: serve `cuda` from the CPU where torch is the CPU build."""
    folder = attempt.folder("observed")
    mount = attempt.bench.sandbox.mount(folder, "/observed", writable=True)
    variables = observer_variables(attempt.tool(""), mount.target)
    if installed.replaced_torch:
        variables |= torchvision_variables()
    if device:
        declared = "flash-attn" in attempt.bench.submission.files.get("pyproject.toml", "")
        variables |= device_variables(mount.target, flash_attention=declared)
    return Instruments(variables, [mount], device, folder)
