"""Runs the evaluate stage on a bundled case with real clients, on runs as full mode logs them when cut short.

The runs are written into the stores that a full stage leaves, so that nothing has to be trained.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from runner.checklist import load_checklist
from runner.evidence import Evidence, FilesFacts
from runner.rules.base import Case as Judged
from runner.rules.base import Draft, Judgement, all_rules
from runner.settings import load_settings
from runner.stages.evaluate.stage import run_evaluate
from runner.submissions.assemble import Parts, assemble
from runner.submissions.errors import Problems
from runner.submissions.fields import read_runs
from runner.submissions.model import Hypothesis, Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Workbench, stage_folder
from sandbox.assets import AssetStore
from sandbox.backends import open_sandbox
from sandbox.wandb_mock import MadeUpRun
from sandbox.wandb_mock.reviewing import add_run
from sandbox.wandb_mock.store import Store
from tests.client_environments import NEWEST, digest, install_into, kept
from tests.submission_cases import Case

PACKAGES = ("wandb==0.23.0", "pandas", "matplotlib", "scipy", "omegaconf", "hydra-core")
CRITERIA = (
    *(name for name, item in load_checklist().criteria.items() if item.decided is StageName.EVALUATE),
)  # fmt: skip
PLACE = ("tiny-experiments", "depth-decayed-finetuning")


class Silent:
    """Listens to nothing."""

    def stage_started(self, stage: object, run_id: object, note: str = "") -> None: ...
    def stage_note(self, text: str) -> None: ...
    def stage_counters(self, read: object) -> None: ...
    def stage_finished(self, evidence: Evidence) -> None: ...


@cache
def environment() -> Path:
    """What the evaluation script of the bundled submission needs; made on the first call (some seconds)."""

    def install(home: Path) -> None:
        install_into(home, "--exclude-newer", NEWEST, *PACKAGES)

    return kept(f"evaluation-{NEWEST}-{digest([PACKAGES, NEWEST, sys.version_info[:2]])}", install)


@dataclass(frozen=True)
class Evaluated:
    """A case, its evidence, and what every rule about evaluation says of it."""

    case: Judged
    evidence: Evidence
    judgements: dict[str, Judgement]

    @property
    def drafts(self) -> list[Draft]:
        return [draft for judgement in self.judgements.values() for draft in judgement.drafts]

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: str(judgement.outcome) for name, judgement in self.judgements.items()}


def evaluate(case: Case, folder: Path, logged: bool = True) -> Evaluated:
    """The stage on a case, with runs as if logged by full mode, or (not `logged`) with made-up ones."""
    submission = submission_of(case)
    settings = load_settings([f"cache_dir={folder / 'cache'}", "backend=process", "env.torch=auto"])
    assets = AssetStore(folder / "assets")
    bench = Workbench(submission, settings, open_sandbox("process"), folder / "review", assets, Silent())
    wandb = yaml.safe_load(submission.files["config/config.yaml"])["wandb"]
    files = FilesFacts(files=sorted(submission.tree()), wandb={key: wandb.get(key) for key in ("entity", "project")})
    before = [Evidence(stage=StageName.FILES, status=Status.OK, facts=files)]
    if logged:
        before += [log_run(bench, run_id, place) for place, run_id in enumerate(submission.run_ids)]
    try:
        home = environment()
        evidence = run_evaluate(bench, Installed(home, str(home)), before)
    finally:
        assets.close()
    stored = Evidence.model_validate_json(evidence.model_dump_json())
    judged = Judged(submission, load_checklist(), [*before, stored], list(submission.run_ids))
    rules = all_rules()
    return Evaluated(judged, stored, {name: rules[name](judged) for name in CRITERIA})


def submission_of(case: Case) -> Submission:
    document = case.document()
    problems = Problems()
    hypothesis = Hypothesis(**case.expect.hypothesis) if case.expect.hypothesis else None
    runs = read_runs(document["experiment_runs"], "experiment_runs", problems)
    parts = Parts(files=document["files"], runs=runs, run_config_dir=case.run_config_dir, hypothesis=hypothesis)
    return assemble(parts, case.name, problems)


def log_run(bench: Workbench, run_id: str, place: int) -> Evidence:
    """The evidence of a full attempt that logged what the bundled submission logs: two epochs of three batches."""
    folder = bench.directory / "stages" / stage_folder(StageName.FULL, run_id) / "1"
    folder.mkdir(parents=True)
    config = yaml.safe_load(next(run.run_config for run in bench.submission.runs if run.run_id == run_id))
    with contextlib.closing(Store(folder / "wandb.db")) as store:
        add_run(store, MadeUpRun(*PLACE, run_id, history(place), config, summary(place), run_id))
    directory = str(folder.relative_to(bench.directory))
    return Evidence(stage=StageName.FULL, run_id=run_id, status=Status.OK, directory=directory)


def history(place: int) -> Sequence[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for step in range(1, 7):
        epoch = (step - 1) // 3
        rows.append(
            {"train_loss": 0.71 - 0.01 * step, "train_accuracy": 0.5, "gradient_norm": 1.5 + place, "epoch": epoch,
             "learning_rate": 1e-5, "_step": step}
        )  # fmt: skip
        if step % 3 == 0:
            rows[-1] |= {"val_loss": 0.69, "val_accuracy": 0.5 + 0.125 * epoch}
    return rows


def summary(place: int) -> dict[str, Any]:
    counts = {"test_true_0_predicted_0": 20 + place, "test_true_0_predicted_1": 12 - place}
    counts |= {"test_true_1_predicted_0": 14, "test_true_1_predicted_1": 18}
    right = counts["test_true_0_predicted_0"] + counts["test_true_1_predicted_1"]
    return {"best_val_accuracy": 0.625, "accuracy": right / 64, "test_loss": 0.69 + place / 100, **counts}
