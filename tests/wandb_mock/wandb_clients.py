"""Environments with real wandb clients of several years, made once with uv into the shared cache."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from images.runtime.environment import uv_program

MEDIA = ("numpy", "pandas", "pillow", "matplotlib", "plotly")
"""What the checks of media and of `history(pandas=True)` need beside the client itself."""
PKG_RESOURCES = "setuptools<81"
"""The client imports pkg_resources up to 0.17; newer setuptools no longer has it."""


@dataclass(frozen=True)
class Client:
    version: str
    """"" for the newest."""
    newest: str
    """Nothing published after this date is installed beside it; "" for no limit."""

    @property
    def name(self) -> str:
        return f"wandb-{self.version or 'newest'}"

    @property
    def requirement(self) -> str:
        return f"wandb=={self.version}" if self.version else "wandb"


CLIENTS = (
    Client("0.16.6", "2024-05-31"),
    Client("0.17.9", "2024-09-30"),
    Client("0.18.7", "2025-01-15"),
    Client("0.19.11", "2025-06-30"),
    Client("0.22.3", "2025-11-15"),
    Client("0.24.2", "2026-03-01"),
    Client("", ""),
)


def cache_dir() -> Path:
    """Shared by all checkouts on this machine, so that nothing is installed twice."""
    named = os.environ.get("SANDBOX_REVIEW_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "sandbox-review"


def client_python(client: Client) -> Path:
    """The interpreter of a client's environment; makes it on the first call (some seconds, 350 MiB with its links)."""
    home = cache_dir() / "test-clients" / client.name
    python = home / "bin" / "python"
    wanted = " ".join([client.requirement, client.newest, *MEDIA, PKG_RESOURCES, sys.version.split()[0]])
    done = home / ".complete"
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != wanted:
            _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(home))
            limit = ("--exclude-newer", client.newest) if client.newest else ()
            target = ("--python", str(python), "--quiet", "--compile-bytecode")
            _uv("pip", "install", *target, *limit, client.requirement, *MEDIA, PKG_RESOURCES)
            done.write_text(wanted)
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run([uv_program(), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"uv {' '.join(arguments)} failed:\n{done.stderr}"
