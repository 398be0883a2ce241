"""The host's end of the conversation with `sandbox.inside.agent`; its docstring has the words."""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import InfrastructureError


@dataclass(frozen=True)
class Ended:
    """How the command ended, as the agent, its parent, saw it."""

    exit_code: int | None
    signal: int | None
    cpu_seconds: float
    max_rss_mb: float


class LostError(Exception):
    """The agent's end of the connection closed."""


class Control:
    """A unix socket that takes exactly one connection: the agent's, made before the command exists."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection: socket.socket | None = None
        self._buffer = b""
        with _short(self.path) as short:
            self._listener.bind(short)
        self.path.chmod(0o666)  # the folder above is closed to other users of the host
        self._listener.listen(1)

    def accept(self, seconds: float, died: Callable[[], str | None]) -> None:
        """Wait for the agent. Raises InfrastructureError if `died` says why it never will, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while not select.select([self._listener], [], [], 0.05)[0]:
            if (why := died()) is not None:
                raise InfrastructureError(f"the sandbox ended before its command could start: {why}")
            if time.monotonic() > deadline:
                raise InfrastructureError(f"the sandbox did not start within {seconds:.0f} s")
        self._connection, _ = self._listener.accept()
        self._listener.close()
        self.path.unlink()

    def send(self, message: Mapping[str, Any]) -> None:
        """Raises LostError if nobody is there any more."""
        assert self._connection is not None
        try:
            self._connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise LostError from error

    def receive(self, seconds: float) -> dict[str, Any] | None:
        """The agent's next word; None if there is none within `seconds`. Raises LostError at the connection's end."""
        assert self._connection is not None
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._connection], [], [], left)[0]:
                return None
            try:
                data = self._connection.recv(65536)
            except OSError as error:
                raise LostError from error
            if not data:
                raise LostError
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        word: dict[str, Any] = json.loads(line)
        return word

    def close(self) -> None:
        """Tell the agent to kill what is left and go."""
        self._listener.close()
        if self._connection is not None:
            self._connection.close()


class _short:  # noqa: N801
    """A path of at most 107 bytes, the kernel's limit for sockets, that means `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self.path)) < 108:
            return str(self.path)
        self.folder = os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self.folder}/{self.path.name}"

    def __exit__(self, *_: object) -> None:
        if self.folder >= 0:
            os.close(self.folder)
