"""Opens a backend for a test. One that is missing is skipped, or fails if SANDBOX_REVIEW_REQUIRE names it."""

from __future__ import annotations

import functools
import os
from typing import NoReturn

import pytest

from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError
from sandbox.protocol import Sandbox


@functools.cache
def opened(name: str) -> Sandbox | str:
    """The backend (runsc: docker under gVisor), or why it is not there."""
    try:
        return open_sandbox("docker", runtime="runsc") if name == "runsc" else open_sandbox(name)
    except InfrastructureError as error:
        return str(error)


def backend_or_skip(name: str) -> Sandbox:
    sandbox = opened(name)
    if isinstance(sandbox, str):
        missing(name, sandbox)
    return sandbox


def missing(name: str, why: str) -> NoReturn:
    """What a test needs is not there: skip it, or fail where it is required."""
    if name in os.environ.get("SANDBOX_REVIEW_REQUIRE", "").split(","):
        pytest.fail(f"{name} is required here, but: {why}")
    pytest.skip(f"{name}: {why}", allow_module_level=True)
