"""The environment in which the stand-in is tried: libraries of late 2025 beside the CPU build of torch."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from images.runtime.environment import find_links, uv_program

FOLDER = Path(__file__).parent / "clients"
LOADER = Path(__file__).parents[2] / "sandbox" / "inside" / "site"
NEWEST = "2025-11-20"
TORCH = "torch==2.13.0"
PACKAGES = (
    "transformers==4.57.1",
    "accelerate==1.11.0",
    "peft==0.18.0",
    "bitsandbytes==0.48.2",
    "torchvision==0.24.1",
    "timm",
)


def cache_dir() -> Path:
    named = os.environ.get("SANDBOX_REVIEW_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sandbox-review"


@cache
def python() -> Path:
    """The interpreter of the environment; makes it on the first call (about a minute)."""
    key = hashlib.sha256(json.dumps([PACKAGES, TORCH, NEWEST, sys.version_info[:2]]).encode()).hexdigest()[:12]
    home = cache_dir() / "test-clients" / f"device-{NEWEST}-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            _install(home)
            (home / ".complete").touch()
    return home / "bin" / "python"


def _install(home: Path) -> None:
    overrides = home.parent / f"{home.name}.overrides"
    overrides.write_text(f"{TORCH}\n")
    source = tuple(find_links()) or ("--torch-backend", "cpu")
    newest = ("--exclude-newer", NEWEST, "--exclude-newer-package", "torch=2027-01-01")
    target = ("--python", str(home / "bin" / "python"), "--quiet", "--override", str(overrides))
    for arguments in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(home)),
        ("pip", "install", *target, *newest, *source, TORCH, *PACKAGES),
    ):
        done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"


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
        **variables,
    }
    command = [str(python()), "-W", "ignore", "-X", "faulthandler", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=work, env=environment, timeout=timeout)
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"check"')]
    return Checks({each["check"]: each for each in found}, done.stderr, done.returncode)
