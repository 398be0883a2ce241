"""Environments of real libraries beside the CPU build of torch, made with uv and kept between test runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from images.runtime.environment import find_links, uv_program

NEWEST = "2025-11-20"
"""Packages are resolved as of this day, torch aside."""
TORCH = "torch==2.13.0"


def cache_dir() -> Path:
    """Where environments and stand-ins are kept."""
    named = os.environ.get("SANDBOX_REVIEW_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sandbox-review"


def interpreter(name: str, packages: Sequence[str]) -> Path:
    """The Python of an environment with these packages; makes it on the first call, in about a minute."""
    key = hashlib.sha256(json.dumps([packages, TORCH, NEWEST, sys.version_info[:2]]).encode()).hexdigest()[:12]
    home = cache_dir() / "test-clients" / f"{name}-{NEWEST}-{key}"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            _install(home, packages)
            (home / ".complete").touch()
    return home / "bin" / "python"


def _install(home: Path, packages: Sequence[str]) -> None:
    overrides = home.parent / f"{home.name}.overrides"
    overrides.write_text(f"{TORCH}\n")
    source = tuple(find_links()) or ("--torch-backend", "cpu")
    newest = ("--exclude-newer", NEWEST, "--exclude-newer-package", "torch=2027-01-01")
    target = ("--python", str(home / "bin" / "python"), "--quiet", "--compile-bytecode", "--override", str(overrides))
    for arguments in (
        ("venv", "--quiet", "--clear", "--python", sys.executable, str(home)),
        ("pip", "install", *target, *newest, *source, TORCH, *packages),
    ):
        done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"
