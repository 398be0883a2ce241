"""The environment in which the stand-in is tried: libraries of late 2025 beside the CPU build of torch."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.client_environments import interpreter

FOLDER = Path(__file__).parent / "clients"
LOADER = Path(__file__).parents[2] / "sandbox" / "inside" / "site"
PACKAGES = (
    "transformers==4.57.1",
    "accelerate==1.11.0",
    "peft==0.18.0",
    "bitsandbytes==0.48.2",
    "torchvision==0.24.1",
    "timm",
)


@cache
def python() -> Path:
    """Its interpreter."""
    return interpreter("device", PACKAGES)


@dataclass(frozen=True)
class Checks:
    """What one process of checks printed."""

    results: dict[str, dict[str, Any]]
    stderr: str
    exit_code: int

    def failed(self) -> dict[str, str]:
        return {name: each["error"] for name, each in self.results.items() if not each["ok"]}


def run(code: str | Path, work: Path, variables: dict[str, str], timeout: float = 500) -> Checks:
    """Run a file of checks, or a line of code, with the stand-in's loader on the path."""
    words = ["-c", code] if isinstance(code, str) else [str(code)]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(LOADER), str(FOLDER))),
        "HF_HOME": str(work / "home"),
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "OMP_NUM_THREADS": "2",
        "OMP_WAIT_POLICY": "PASSIVE",
        **variables,
    }
    command = [str(python()), "-W", "ignore", "-X", "faulthandler", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=work, env=environment, timeout=timeout)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    return Checks({each["check"]: each for each in found}, done.stderr, done.returncode)
