"""From stored facts to the answer: build the cases of all rounds, judge, write the reports. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from runner.checklist import load_checklist
from runner.evidence import Evidence
from runner.judge import judge
from runner.repairs.base import Repair, applied
from runner.reports import write_reports
from runner.review import Environment, Review, Timings
from runner.rounds import Round
from runner.rules.base import Case
from runner.settings import Settings
from runner.submissions.model import Submission
from runner.vocabulary import StageName

BUILT = (
    StageName.FILES, StageName.ENVIRONMENT, StageName.COMPOSE, StageName.TRIAL, StageName.FULL, StageName.EVALUATE
)  # fmt: skip
"""The stages that this version runs."""


class Repairs(BaseModel):
    """`stages/repairs.json`: what `judge` needs to know of the copies that later rounds ran on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[Repair, ...] = ()


def scope(submission: Submission, settings: Settings) -> tuple[list[str], list[StageName]]:
    """The run ids and the stages that a review covers, each in its own order."""
    known = list(submission.run_ids)
    run_ids = [run_id for run_id in known if run_id in settings.runs] if settings.runs else known
    return run_ids, [stage for stage in BUILT if stage in settings.stages]


def rounds_of(
    submission: Submission, settings: Settings, evidence: Sequence[Evidence], repairs: Sequence[Repair]
) -> list[Round]:
    """The rounds of a review, in order; a later one takes over the evidence of stages that did not run again."""
    run_ids, _ = scope(submission, settings)
    checklist = load_checklist().with_severities(settings.severities())
    rounds: list[Round] = []
    order = list(StageName)
    copy = submission
    for step in range(len(repairs) + 1):
        if step:
            copy = applied(copy, repairs[step - 1])
        own = [item for item in evidence if item.step == step]
        again = {(item.stage, item.run_id) for item in own}
        before = rounds[-1].case.evidence if rounds else []
        # What the repair made out of date is not evidence of this copy, whether it ran again or not.
        begins = order.index(repairs[step - 1].begins) if step else 0
        kept = [e for e in before if (e.stage, e.run_id) not in again and order.index(e.stage) < begins]
        case = Case(copy, checklist, [*kept, *own], run_ids, settings.gpu, settings.budget)
        rounds.append(Round(case, tuple(repairs[:step])))
    return rounds


def conclude(
    submission: Submission,
    settings: Settings,
    evidence: Sequence[Evidence],
    repairs: Sequence[Repair],
    environment: Environment,
    timings: Timings,
    directory: Path,
) -> Review:
    """Judge evidence and write the reports; runs nothing."""
    rounds = rounds_of(submission, settings, evidence, repairs)
    review = judge(rounds, scope(submission, settings)[1], environment, timings)
    write_reports(review, directory, submission.tree(), rounds[-1].case.submission.tree())
    return review


def judge_again(directory: Path) -> Review:
    """Judge from the stored evidence of a review and write its reports anew; runs nothing.

    Raises FileNotFoundError where the directory holds no review, ValueError where its evidence cannot be read.
    """
    stages = directory / "stages"
    submission = Submission.model_validate_json((stages / "submission.json").read_text("utf-8"))
    settings = Settings.model_validate_json((stages / "settings.json").read_text("utf-8"))
    attempts = [Evidence.model_validate_json(path.read_text("utf-8")) for path in stages.glob("*/*/evidence.json")]
    order = {run_id: number for number, run_id in enumerate(submission.run_ids)}
    attempts.sort(key=lambda e: (e.step, list(StageName).index(e.stage), order.get(e.run_id or "", -1), e.attempt))
    stored = stages / "repairs.json"
    repairs = Repairs.model_validate_json(stored.read_text("utf-8")) if stored.is_file() else Repairs()
    environment = Environment.model_validate_json((stages / "environment.json").read_text("utf-8"))
    timings = Timings.model_validate_json((stages / "timings.json").read_text("utf-8"))
    return conclude(submission, settings, attempts, repairs.steps, environment, timings, directory)
