"""The program as the action installs it, once for all tests of a session."""

from pathlib import Path

import pytest
from runner_of_actions import Runner


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the action's install step puts on the PATH."""
    temp = tmp_path_factory.mktemp("runner")
    runner = Runner(temp, temp, {})
    step = runner.run("Install")["Install"]
    assert step.status == 0, step.log
    assert step.log.startswith("sandbox-review ")
    assert Path(runner.paths[0], "sandbox-review-ci").is_file()
    return runner.paths
