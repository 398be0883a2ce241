"""The environment in which the probe is tried: what a submission of late 2025 has, beside the CPU build of torch."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from images.runtime.environment import find_links, uv_program

NEWEST = "2025-11-20"
TORCH = "torch==2.13.0"
PACKAGES = (
    *("transformers==4.57.1", "accelerate==1.11.0", "datasets==4.4.1", "evaluate"),
    *("hydra-core==1.3.2", "optuna", "wandb==0.22.3", "numpy"),
)


def cache_dir() -> Path:
    named = os.environ.get("SANDBOX_REVIEW_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sandbox-review"


@cache
def python() -> Path:
    """The interpreter of the environment; makes it on the first call (about a minute)."""
    key = hashlib.sha256(json.dumps([PACKAGES, TORCH, NEWEST, sys.version_info[:2]]).encode()).hexdigest()[:12]
    home = cache_dir() / "test-clients" / f"probe-{NEWEST}-{key}"
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
    target = ("--python", str(home / "bin" / "python"), "--quiet", "--compile-bytecode", "--override", str(overrides))
    for arguments in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(home)),
        ("pip", "install", *target, *newest, *source, TORCH, *PACKAGES),
    ):
        done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"


if __name__ == "__main__":
    print(python())
