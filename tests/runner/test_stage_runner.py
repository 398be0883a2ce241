"""Which attempts of full mode there are: one more as written, where lowered values may have made it fail."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runner import stage_runner
from runner.evidence import Evidence, FullFacts, Lowered
from runner.review import Traceback
from runner.settings import load_settings
from runner.stage_runner import StageRunner
from runner.submissions.model import Run, Submission
from runner.vocabulary import StageName, Status

LOWERED = [Lowered(key="training.epochs", line=2, was=10, now=2)]
SUBMISSION = Submission(id="s", source="test", files={}, runs=(Run(run_id="a", run_config="run_id: a\n"),))


class Bench:
    """What a stage runner asks of a workbench."""

    settings = load_settings([])
    cancel = threading.Event()
    assets = None
    submission = SUBMISSION
    progress = None


def attempts(monkeypatch: pytest.MonkeyPatch, failure: str) -> list[Evidence]:
    """The attempts of full mode, of which the one with lowered values fails so."""

    def environment(bench: object, number: int) -> tuple[Evidence, object]:
        return Evidence(stage=StageName.ENVIRONMENT, status=Status.OK), object()

    def full(bench: object, installed: object, run_id: str, number: int, **words: Any) -> Evidence:
        lowered = [] if words["as_written"] else LOWERED
        failed = failure and not words["as_written"]
        return Evidence(
            stage=StageName.FULL,
            run_id=run_id,
            attempt=number,
            status=Status.FAILED if failed else Status.OK,
            traceback=Traceback(type=failure, message="bad", file="src/train.py", line=3) if failed else None,
            facts=FullFacts(lowered=lowered),
        )

    monkeypatch.setattr(stage_runner, "run_environment", environment)
    monkeypatch.setattr(stage_runner, "run_full", full)
    monkeypatch.setattr(stage_runner, "remove_environment", lambda installed: None)
    runner = StageRunner(Bench(), ["a"], [StageName.ENVIRONMENT, StageName.FULL], lambda progress: "")  # type: ignore[arg-type]
    return [found for found in runner.run(SUBMISSION, StageName.ENVIRONMENT, 0) if found.stage is StageName.FULL]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [("", [Status.OK]), ("ValueError", [Status.FAILED, Status.OK]), ("NameError", [Status.FAILED])],
)
def test_full_mode_runs_again_as_written_where_lowered_values_may_have_made_it_fail(
    monkeypatch: pytest.MonkeyPatch, failure: str, expected: list[Status]
) -> None:
    found = attempts(monkeypatch, failure)
    assert [evidence.status for evidence in found] == expected
    assert [evidence.attempt for evidence in found] == list(range(1, len(found) + 1))
