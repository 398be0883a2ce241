"""Claims of an earlier review: split into points, and decided only where a run decides them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.evidence import ComposeFacts, EnvironmentFacts, Evidence, FilesFacts
from runner.probe_facts import OptimizerUse
from runner.review import Finding
from runner.rules.claims import judge_claims, split
from runner.submissions.model import EarlierReview
from runner.vocabulary import Blame, Cause, Confidence, CriterionOutcome, Severity, StageName, Status
from tests.runner.rules_bench import case, probe, trial

PASS, FAIL = CriterionOutcome.PASS, CriterionOutcome.FAIL


def finding(criterion: str, message: str, file: str | None = None, blame: Blame = Blame.SUBMISSION) -> Finding:
    return Finding(
        id="F1", criterion=criterion, section=1, severity=Severity.BLOCKING, cause=Cause.LOGIC, blame=blame,
        confidence=Confidence.OBSERVED, stage=StageName.TRIAL, file=file, message=message,
    )  # fmt: skip


FILES = Evidence(stage=StageName.FILES, status=Status.OK, facts=FilesFacts(files=["src/model.py"]))
INSTALLED = Evidence(stage=StageName.ENVIRONMENT, status=Status.OK, facts=EnvironmentFacts(modules=["peft", "torch"]))
IMPORTED = Evidence(stage=StageName.COMPOSE, status=Status.OK, facts=ComposeFacts(imported=["src.model", "src.train"]))
LEARNED = trial(probe(optimizers=[OptimizerUse(pid=1, name="AdamW", parameters=4, steps=2, changed=True)]))
RAN = (FILES, INSTALLED, IMPORTED, LEARNED)
WITHIN = dict.fromkeys(("mode.trial_train_batches", "mode.trial_epochs", "mode.trial_eval_batches"), PASS)
OVER = finding("mode.trial_train_batches", "The trial runs backward on 152 batches; a trial may use 2.", "src/train.py")
NAME = finding(
    "implementation.imports", "NameError: name 'DictConfig' is not defined (importing src.model).", "src/model.py"
)
MODULE = finding(
    "implementation.imports", "ModuleNotFoundError: No module named 'einops' (importing src.model).", "src/model.py"
)
ATTRIBUTE = finding(
    "implementation.trial_completes", "ConfigAttributeError: AttributeError: str has no attribute 'run_id'"
)
STILL = finding("implementation.parameters_learn", "SGD steps 2 times over 1 parameters", "src/model.py")
LEARNS = {"implementation.parameters_learn": PASS}
ABSENT = finding("structure.required_files", "src/evaluate.py is missing.", "src/evaluate.py")
UNREAD = finding("hydra.run_config_used", "config/runs/a.yaml sets what the trial never reads: model.freeze_lora.")
DUMP = finding(
    "wandb.no_result_dump", "Training writes its results to results/final_metrics.json; W&B alone is to have them."
)


def told_of(
    text: str, *findings: Finding, outcomes: dict | None = None, evidence: tuple = RAN
) -> list[tuple[str, list[str]]]:
    made = case(*evidence, files={"src/model.py": "", "src/train.py": ""})
    submission = made.submission.model_copy(update={"review": EarlierReview(code_issue=text)})
    claims = judge_claims(replace(made, submission=submission), outcomes or {}, findings)
    return [(claim.outcome, claim.findings) for claim in claims]


@pytest.mark.parametrize(
    ("text", "findings", "outcomes", "expected"),
    [
        # step counts of the trial
        ("In trial mode the warm-up still runs 150 passes.", [OVER], {}, "confirmed"),
        ("In trial mode the training still uses all batches.", [], WITHIN, "refuted"),
        ("In trial mode the training still uses all batches.", [], {}, "not_decided"),
        ("In trial mode, more than one epoch is run.", [OVER], {}, "not_decided"),
        ("optuna: n_trials is 20 and each step is logged to W&B.", [OVER], WITHIN, "not_decided"),
        ("mode=trial is still written to wandb, the entity must be passed.", [], WITHIN, "not_decided"),
        ("In trial mode 50 lines are printed at every step.", [], WITHIN, "not_decided"),
        ("In trial mode the entity must be passed, 2 lines later.", [], WITHIN, "not_decided"),
        # names
        ("model.py: NameError, DictConfig is never imported.", [NAME], {}, "confirmed"),
        ("model.py: NameError on import, Foo is used but never imported.", [], {}, "refuted"),
        ("train.py: a NameError is raised in the last epoch, `helper` is not defined.", [], {}, "not_decided"),
        ("evaluate.py: NameError on import.", [], {}, "not_decided"),
        # packages
        ("`einops` is not declared in pyproject.toml.", [MODULE], {}, "confirmed"),
        ("`peft` is not declared in pyproject.toml.", [], {"implementation.imports": PASS}, "refuted"),
        ("`bitsandbytes` is not declared in pyproject.toml.", [], {"implementation.imports": PASS}, "not_decided"),
        # attributes
        ("cfg.run.run_id would raise AttributeError.", [ATTRIBUTE], {}, "confirmed"),
        ("cfg.run.run_id would raise AttributeError.", [], {}, "not_decided"),
        # files
        ("There is a syntax error in model.py.", [], {}, "refuted"),
        ("There is a syntax error in absent.py.", [], {}, "not_decided"),
        ("src/model.py is missing.", [], {}, "refuted"),
        ("src/model.py is missing a docstring.", [], {}, "not_decided"),
        ("The set_seed call in train.py is missing.", [], {}, "not_decided"),
        ("The call in model.py and train.py is missing.", [], {}, "not_decided"),
        ("src/model.py and src/train.py are missing.", [], {}, "refuted"),
        ("Missing file: src/train.py.", [], {}, "refuted"),
        ("A missing file is not handled in train.py.", [], {}, "not_decided"),
        ("tests/train.py is missing.", [], {}, "not_decided"),
        ("src/evaluate.py is missing.", [ABSENT], {}, "confirmed"),
        # learning
        ("There is no gradient clipping in train.py.", [], LEARNS, "not_decided"),
        ("train.py has no gradient accumulation.", [], LEARNS, "not_decided"),
        ("No gradient is ever clipped.", [], LEARNS, "not_decided"),
        ("No gradient reaches the weights.", [], LEARNS, "refuted"),
        ("The adapter receives no gradient.", [STILL], {}, "confirmed"),
        ("The optimizer performs a no-op, W is never updated.", [STILL], {}, "confirmed"),
        ("The weights are never updated.", [], {"implementation.parameters_learn": PASS}, "refuted"),
        ("The planner is never updated.", [], {"implementation.parameters_learn": PASS}, "not_decided"),
        # settings and files written
        ("The flag freeze_lora of the run config is ignored.", [UNREAD], {}, "confirmed"),
        ("The flag other_flag of the run config is ignored.", [UNREAD], {}, "not_decided"),
        ("train.py writes final_metrics.json.", [DUMP], {}, "confirmed"),
        # what no run decides
        ("The novelty is limited.", [OVER, NAME], WITHIN, "not_decided"),
    ],
)
def test_claims(text: str, findings: list[Finding], outcomes: dict, expected: str) -> None:
    ((outcome, ids),) = told_of(text, *findings, outcomes=outcomes)
    assert outcome == expected
    assert ids == (["F1"] if expected == "confirmed" else [])


def test_a_finding_that_is_not_the_submissions_confirms_nothing() -> None:
    ours = NAME.model_copy(update={"blame": Blame.INFRASTRUCTURE})
    assert told_of("train.py: NameError, DictConfig is never imported.", ours)[0][0] == "not_decided"


def test_without_a_trial_nothing_about_it_is_refuted() -> None:
    told = told_of("The weights are never updated.", outcomes={}, evidence=(FILES, INSTALLED, IMPORTED))
    assert told == [("not_decided", [])]


def test_points_are_claims_and_headings_are_not() -> None:
    points = "1.  Incomplete implementation\n    • a never learns.\n    • b is wrong.\n\n2. c fails."
    text = f"Issues:\n\n{points}\n\nIn all, not ready."
    assert split(text) == ["a never learns.", "b is wrong.", "c fails."]
    assert split("One sentence only.") == ["One sentence only."]
    assert split("") == []


def test_no_earlier_review_no_claims() -> None:
    assert judge_claims(case(*RAN), {}, []) == []
