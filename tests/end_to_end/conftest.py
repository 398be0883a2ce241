"""These tests run real reviews; they need a sandbox, and say so where a machine has none."""

from __future__ import annotations

import os

import pytest

from sandbox.backends import open_sandbox
from sandbox.errors import InfrastructureError


@pytest.fixture(scope="session", autouse=True)
def a_sandbox() -> None:
    """Skip on a developer's machine without any sandbox; fail where the machine is known to have one."""
    try:
        open_sandbox("auto")
    except InfrastructureError as error:
        if os.environ.get("SANDBOX_REVIEW_REQUIRE"):
            pytest.fail(str(error))
        pytest.skip(str(error))
