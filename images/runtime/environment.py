"""Makes the runtime environment with uv, once, inside the cache.

The host tool never imports torch; it starts this environment's Python to generate stand-ins.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.errors import InfrastructureError

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
TORCH = HERE / "torch.in"
REQUIREMENTS = HERE / "requirements.in"


def uv_program() -> str:
    """Path of the uv program that the `uv` package brings."""
    from uv import find_uv_bin

    return str(find_uv_bin())


@functools.cache
def runtime_digest() -> str:
    """Sixteen hex digits that change with the lock, the torch pin or the Python version."""
    state = hashlib.sha256()
    for part in (LOCK.read_bytes(), TORCH.read_bytes(), ".".join(map(str, sys.version_info[:2])).encode()):
        state.update(part + b"\0")
    return state.hexdigest()[:16]


def find_links() -> list[str]:
    """Folders with wheels on this machine, as uv arguments."""
    named = os.environ.get("UV_FIND_LINKS", "").replace(",", " ") + " " + os.environ.get("PIP_FIND_LINKS", "")
    return [word for folder in named.split() for word in ("--find-links", folder)]


def runtime_python(cache_dir: Path) -> Path:
    """Where the runtime environment's interpreter is, whether it has been made or not."""
    return cache_dir / "runtime" / runtime_digest() / "bin" / "python"


def ensure_runtime(cache_dir: Path) -> Path:
    """Return the runtime environment's interpreter, making the environment on the first call.

    Takes one to three minutes and about 1.5 GB of disk once; two callers at once wait for each other.
    Raises InfrastructureError with uv's own words if it cannot be made.
    """
    python = runtime_python(cache_dir)
    home = python.parent.parent
    complete = home / ".complete"
    if complete.exists():
        return python
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(home, ignore_errors=True)
            _make(home, python)
            complete.touch()
    return python


def _make(home: Path, python: Path) -> None:
    # The lock is the whole closure but for torch, which accelerate and peft would ask for: hence --no-deps.
    links = find_links()
    torch_source = links or ["--torch-backend", "cpu"]
    target = ["--python", str(python), "--quiet", "--compile-bytecode"]
    _uv(["venv", "--quiet", "--python", sys.executable, str(home)])
    _uv(["pip", "install", *target, "--no-deps", "--require-hashes", "-r", str(LOCK)])
    _uv(["pip", "install", *target, "--no-deps", *torch_source, "-r", str(TORCH)])


def _uv(arguments: Sequence[str]) -> str:
    done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise InfrastructureError(
            f"the runtime environment for stand-ins could not be made: uv {' '.join(arguments[:2])} ended with "
            f"{done.returncode}. It said:\n{done.stderr.strip()[-2000:]}"
        )
    return done.stdout


def write_lock() -> None:
    """Resolve `requirements.in` anew into `requirements.lock`: versions and hashes, no index addresses."""
    _uv(
        ["pip", "compile", "--quiet", str(REQUIREMENTS), str(TORCH), "--output-file", str(LOCK), "--upgrade"]
        + ["--python-version", "3.11", "--python-platform", "x86_64-unknown-linux-gnu", "--generate-hashes"]
        + ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-package", "torch"]
        + ["--no-header", "--no-annotate", *(find_links() or ["--torch-backend", "cpu"])]
    )
