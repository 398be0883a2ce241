"""Runs files of checks with real clients: the environment of the device's tests, with nltk and httpx beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "device"))
from device_environment import FOLDER as DEVICE_CHECKS  # noqa: E402
from device_environment import Checks, python  # noqa: E402

from tests.client_environments import NEWEST, kept, uv  # noqa: E402

FOLDER = Path(__file__).parent / "clients"
INSIDE = Path(__file__).parents[2] / "sandbox" / "inside"
NLTK = ("3.8.1", "3.9.2")
"""Before and after the change from pickles to plain files."""


@cache
def beside(*packages: str) -> Path:
    """A folder with packages to put on the path; some seconds on the first call."""

    def install(home: Path) -> None:
        uv(
            "pip",
            "install",
            "--python",
            str(python()),
            "--quiet",
            "--target",
            str(home),
            "--exclude-newer",
            NEWEST,
            *packages,
        )

    return kept(f"downloads-{NEWEST}-{'-'.join(packages)}", install)


def run(code: str | Path, work: Path, variables: dict[str, str], *packages: str, timeout: float = 500) -> Checks:
    """Run a file of checks, or a line of code, with both stand-ins loaded and `packages` beside the environment."""
    words = ["-c", code] if isinstance(code, str) else [str(code)]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, (INSIDE / "site", DEVICE_CHECKS, *map(beside, packages)))),
        "HOME": str(work),
        "OMP_NUM_THREADS": "2",
        "OMP_WAIT_POLICY": "PASSIVE",
        "SANDBOX_REVIEW_TORCHVISION": "schemas",
        **variables,
    }
    command = [str(python()), "-W", "ignore", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=work, env=environment, timeout=timeout)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    return Checks({each["check"]: each for each in found}, done.stderr, done.returncode)
