"""A child that never started is found where it was started."""

from __future__ import annotations

import pytest

from runner.rules.failures import failures
from runner.rules.launchers import started_at
from tests.repairs.blocker_examples import MAIN, case, composed, failed_trial, installed, repair, submission, traceback

SAID = "Error while finding module specification for 'src.train' (ModuleNotFoundError: No module named 'src')"


@pytest.mark.parametrize("command", ['[exe, "-u", "-m", "src.train"]', '("python", "-m", "src.train", word)'])
def test_the_place_that_starts_the_module(command: str) -> None:
    text = MAIN.replace("print(cfg.mode)", f"subprocess.run({command})")
    sub = submission({"src/main.py": text, "src/train.py": '"""Started as src.train."""\n'})
    found = case(sub, installed(), composed(sub), failed_trial(traceback(None, 0, "ModuleNotFoundError", SAID)))
    [draft] = failures(found)
    assert (draft.file, draft.line) == ("src/main.py", 6)
    step = repair(found)
    assert step is not None and step.kind == "working-directory"


def test_two_places_are_none() -> None:
    text = 'a = ["-m", "src.train"]\nb = ["-m", "src.train"]\n'
    assert started_at({"src/main.py": text}, SAID) is None
    assert started_at({"src/main.py": text}, "killed") is None
