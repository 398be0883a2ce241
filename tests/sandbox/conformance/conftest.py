"""One suite, every backend. A backend that is missing is skipped, or fails if SANDBOX_REVIEW_REQUIRE names it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance_bench import Bench, left_behind

from sandbox import cgroups, owner
from tests.backends import backend_or_skip

BACKENDS = [
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("bubblewrap", marks=pytest.mark.bubblewrap),
    pytest.param("process"),
    pytest.param("runsc", marks=pytest.mark.runsc),
]


# Limits hold without control groups too: what a user who is not root gets on most machines.
WITHOUT_GROUPS = "-without-groups"
LIMITED_BY_WATCHDOG = [
    pytest.param(f"bubblewrap{WITHOUT_GROUPS}", marks=pytest.mark.bubblewrap),
    pytest.param(f"process{WITHOUT_GROUPS}"),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any(mark.args[0] == "bench" for mark in metafunc.definition.iter_markers("parametrize"))
    if "bench" in metafunc.fixturenames and not chosen:
        extra = LIMITED_BY_WATCHDOG if metafunc.module.__name__.endswith("_limits") else []
        metafunc.parametrize("bench", BACKENDS + extra, indirect=True)


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A backend to run tasks on; whatever a test does, nothing may be left of it afterwards."""
    name = request.param.removesuffix(WITHOUT_GROUPS)
    sandbox = backend_or_skip(name)
    if name != request.param:
        monkeypatch.setattr(cgroups, "create", lambda limits: None)
    yield Bench(name, sandbox, tmp_path)
    assert left_behind(sandbox, owner.current().token) == []
