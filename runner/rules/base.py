"""What a rule gets and what it gives, and the registry of all rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from traceback import extract_tb

from runner.checklist import Checklist
from runner.evidence import ComposeFacts, EnvironmentFacts, Evidence, FilesFacts
from runner.rules.attempts import deciding
from runner.settings import BudgetSettings
from runner.submissions.model import Submission
from runner.vocabulary import Blame, Cause, Confidence, CriterionOutcome, StageName, Status


@dataclass(frozen=True)
class Draft:
    """A finding before it has an id: what is wrong, whose it is, and what was seen."""

    criterion: str
    cause: Cause
    stage: StageName
    message: str
    blame: Blame = Blame.SUBMISSION
    confidence: Confidence = Confidence.OBSERVED
    run_id: str | None = None
    file: str | None = None
    line: int | None = None
    evidence: str = ""
    root: tuple[str, ...] = ()
    """What makes two drafts the same mistake, seen twice; empty: equal only to itself."""
    confirmable: bool = True
    """Whether seeing it once more makes it surer; not where every attempt had the same stand-in that may cause it."""


@dataclass(frozen=True)
class Judgement:
    """What a rule says of its criterion."""

    outcome: CriterionOutcome
    drafts: tuple[Draft, ...] = ()
    why: str = ""


@dataclass(frozen=True, eq=False)
class Case:
    """Everything that rules read. Compared by identity, so that what is derived from it can be kept."""

    submission: Submission
    checklist: Checklist
    evidence: Sequence[Evidence]
    run_ids: Sequence[str]
    """The run ids that the review covers."""
    gpus: int = 0
    budget: BudgetSettings = BudgetSettings(epochs=1, train_batches=2, eval_batches=2, optuna_trials=0, wandb_runs=0)

    def of(self, stage: StageName) -> list[Evidence]:
        """The attempt of the stage that decides for each run id, in the order in which they ran."""
        attempts: dict[str | None, list[Evidence]] = {}
        for evidence in self.evidence:
            if evidence.stage is stage:
                attempts.setdefault(evidence.run_id, []).append(evidence)
        return [deciding(found) for found in attempts.values()]

    def attempts(self, evidence: Evidence) -> list[Evidence]:
        """All attempts of the same stage and run id, this one included."""
        key = (evidence.stage, evidence.run_id)
        return [other for other in self.evidence if (other.stage, other.run_id) == key]

    @cached_property
    def files(self) -> FilesFacts | None:
        """Facts of the files stage."""
        return next((e.facts for e in self.of(StageName.FILES) if isinstance(e.facts, FilesFacts)), None)

    @cached_property
    def environment(self) -> EnvironmentFacts | None:
        """Facts of the environment stage."""
        return next((e.facts for e in self.of(StageName.ENVIRONMENT) if isinstance(e.facts, EnvironmentFacts)), None)

    @cached_property
    def compose(self) -> ComposeFacts | None:
        """Facts of the compose stage."""
        return next((e.facts for e in self.of(StageName.COMPOSE) if isinstance(e.facts, ComposeFacts)), None)


Rule = Callable[[Case], Judgement]
_RULES: dict[str, Rule] = {}


def decides(criterion: str) -> Callable[[Rule], Rule]:
    """Register a rule for a criterion of the checklist; one rule each."""

    def register(rule: Rule) -> Rule:
        if criterion in _RULES:
            raise ValueError(f"{criterion} has a rule already")
        _RULES[criterion] = partial(_guarded, criterion, rule)
        return rule

    return register


def _guarded(criterion: str, rule: Rule, case: Case) -> Judgement:
    """What the rule says; a fault of the rule costs the review this one criterion, and no submission anything."""
    try:
        return rule(case)
    except Exception as error:
        where = extract_tb(error.__traceback__)[-1]
        message = (
            f"sandbox-review itself failed while it judged {criterion} ({type(error).__name__}); the evidence is kept, "
            "and `sandbox-review judge` reads it again once this is repaired."
        )
        draft = Draft(
            criterion=criterion,
            cause=Cause.UNCLEAR,
            stage=case.checklist.criteria[criterion].decided,
            message=message,
            blame=Blame.INFRASTRUCTURE,
            evidence=f"{Path(where.filename).name}:{where.lineno}: {type(error).__name__}: {error}"[:2000],
            root=("rule", criterion),
            confirmable=False,
        )
        return Judgement(CriterionOutcome.NOT_EXERCISED, (draft,), message)


def all_rules() -> Mapping[str, Rule]:
    """Criterion -> rule, with every rule module imported."""
    from runner.rules import (  # noqa: F401
        aggregated,
        assets_used,
        budget,
        compose,
        configuration,
        environment,
        evaluation,
        evaluation_keys,
        evaluation_outputs,
        files,
        full,
        gap,
        independence,
        learning,
        methods,
        modes,
        resources,
        trial,
        wandb_full,
        wandb_use,
        work,
    )

    return _RULES


def passed(why: str = "") -> Judgement:
    return Judgement(CriterionOutcome.PASS, why=why)


def not_exercised(why: str) -> Judgement:
    return Judgement(CriterionOutcome.NOT_EXERCISED, why=why)


def judged(drafts: Iterable[Draft], why_passed: str = "") -> Judgement:
    """Fail if a draft is the submission's, not exercised if all are others', pass if there is none."""
    found = tuple(drafts)
    if not found:
        return passed(why_passed)
    if any(draft.blame is Blame.SUBMISSION for draft in found):
        return Judgement(CriterionOutcome.FAIL, found, found[0].message)
    return Judgement(CriterionOutcome.NOT_EXERCISED, found, found[0].message)


def missing_stage(case: Case, stage: StageName) -> str:
    """Why there are no facts of a stage, for `not_exercised`."""
    ran = case.of(stage)
    if not ran:
        return f"the {stage} stage did not run"
    if any(e.status is Status.INFRASTRUCTURE_ERROR for e in ran):
        return f"the {stage} stage was ended by the infrastructure: {ran[-1].status_evidence}"
    return f"the {stage} stage left no facts: {ran[-1].status_evidence or ran[-1].status}"
