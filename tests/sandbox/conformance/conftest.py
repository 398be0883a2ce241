"""One suite, every backend. A backend that is missing is skipped, or fails if SANDBOX_REVIEW_REQUIRE names it."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance_bench import Bench, left_behind

from sandbox import owner
from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError
from sandbox.protocol import Sandbox

BACKENDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("process"),
    pytest.param("runsc", marks=pytest.mark.runsc),
]


@functools.cache
def opened(name: str) -> Sandbox | str:
    """The backend, or why it is not there."""
    try:
        return open_sandbox("docker", runtime="runsc") if name == "runsc" else open_sandbox(name)
    except InfrastructureError as error:
        return str(error)


def backend_or_skip(name: str) -> Sandbox:
    sandbox = opened(name)
    if isinstance(sandbox, str):
        if name in os.environ.get("SANDBOX_REVIEW_REQUIRE", "").split(","):
            pytest.fail(f"{name} is required here, but: {sandbox}")
        pytest.skip(f"{name}: {sandbox}")
    return sandbox


@pytest.fixture(params=BACKENDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A backend to run tasks on; whatever a test does, nothing may be left of it afterwards."""
    sandbox = backend_or_skip(request.param)
    yield Bench(request.param, sandbox, tmp_path)
    assert left_behind(sandbox, owner.current().token) == []
