"""Environments of real libraries beside the CPU build of torch, made with uv and kept between test runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from images.runtime.environment import find_links, uv_program
from runner.settings import default_cache

NEWEST = "2025-11-20"
"""Packages are resolved as of this day, torch aside."""
TORCH = "torch==2.13.0"


def interpreter(name: str, packages: Sequence[str]) -> Path:
    """The Python of an environment with these packages; makes it on the first call, in about a minute."""

    def install(home: Path) -> None:
        overrides = home.parent / f"{home.name}.overrides"
        overrides.write_text(f"{TORCH}\n")
        source = tuple(find_links()) or ("--torch-backend", "cpu")
        newest = ("--exclude-newer", NEWEST, "--exclude-newer-package", "torch=2027-01-01")
        install_into(home, "--override", str(overrides), *newest, *source, TORCH, *packages)

    key = digest([packages, TORCH, NEWEST, sys.version_info[:2]])
    return kept(f"{name}-{NEWEST}-{key}", install) / "bin" / "python"


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name below the cache; `make` fills it on the first call, whichever process that is.

    Shared by all checkouts of a machine, so the name must tell what is in it; see `digest`.
    """
    home = default_cache() / "test-clients" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not (home / ".complete").exists():
            make(home)
            (home / ".complete").touch()
    return home


def digest(state: object) -> str:
    """A short key of what an environment is made from."""
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()[:12]


def install_into(home: Path, *words: str) -> None:
    """A new virtual environment in `home` with what the words of `uv pip install` name, compiled."""
    uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
    uv("pip", "install", "--python", str(home / "bin" / "python"), "--quiet", "--compile-bytecode", *words)


def uv(*arguments: str) -> None:
    done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"
