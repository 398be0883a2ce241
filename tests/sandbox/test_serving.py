"""Loopback ports that are kept for a sandbox that shares the machine's."""

from __future__ import annotations

import socket

import pytest

from sandbox.serving import reserved_port


def listen(port: int, *, reuse: bool) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        listener.bind(("127.0.0.1", port))
        listener.listen()


def test_a_reserved_port_is_kept_for_who_means_it() -> None:
    with reserved_port() as port, reserved_port() as other:
        assert port != other
        listen(port, reuse=True)
        with pytest.raises(OSError, match="in use"):
            listen(port, reuse=False)
    listen(port, reuse=False)
