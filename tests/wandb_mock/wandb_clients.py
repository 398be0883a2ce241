"""Environments with real wandb clients of several years, made once with uv into the shared cache."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.client_environments import digest, install_into, kept

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


def client_python(client: Client) -> Path:
    """The interpreter of a client's environment; makes it on the first call (some seconds, 350 MiB with its links)."""

    def install(home: Path) -> None:
        limit = ("--exclude-newer", client.newest) if client.newest else ()
        install_into(home, *limit, client.requirement, *MEDIA, PKG_RESOURCES)

    key = digest([client.requirement, client.newest, MEDIA, PKG_RESOURCES, sys.version.split()[0]])
    return kept(f"{client.name}-{key}", install) / "bin" / "python"
