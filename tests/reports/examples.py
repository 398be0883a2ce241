"""Realistic reviews, as the tests of the reports need them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from runner.checklist import load_checklist
from runner.reports.code_issue import code_issue
from runner.review import (
    AssetUse,
    ChecklistItem,
    Claim,
    Environment,
    Finding,
    Frame,
    RepairStep,
    Review,
    StageResult,
    SubmissionInfo,
    Timings,
    Traceback,
)
from runner.vocabulary import (
    AssetKind,
    Blame,
    Cause,
    ClaimOutcome,
    Confidence,
    CriterionOutcome,
    Provided,
    Severity,
    StageName,
    Status,
    Verdict,
)

Build = Callable[[], Review]
"""Makes a review."""

RUNS = ["comparative-1-iter1-Qwen3-0.6B-gsm8k", "proposed-iter1-Qwen3-0.6B-gsm8k"]

SOURCES = {
    "pyproject.toml": """\
[project]
name = "adaptive-warmup"
version = "0.1.0"
requires-python = ">=3.11"

[project.dependencies]
torch = "^2.3"
transformers = "^4.44"
""",
    "src/main.py": """\
import subprocess
import sys

import hydra
from omegaconf import DictConfig


@hydra.main(config_path="../config", config_name="config", version_base=None)
def main(cfg: DictConfig) -> None:
    command = [sys.executable, "-m", "src.train", f"run={cfg.run.run_id}"]
    if cfg.mode == "trial":
        command += ["training.epochs=1", "optuna.n_trials=0"]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
""",
    "src/train.py": """\
import torch

from src.model import build_model
from src.preprocess import build_loaders


def train_epoch(model, loader, optimizer, scaler):
    model.train()
    total = 0.0
    for step, batch in enumerate(loader):
        batch = {name: value.to("cuda") for name, value in batch.items()}
        loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.item()
    return total / max(1, step + 1)


def main(cfg):
    model = build_model(cfg)
    loaders = build_loaders(cfg)
    for epoch in range(cfg.training.epochs):
        train_epoch(model, loaders["train"], torch.optim.AdamW(model.parameters()), None)
""",
}

ENVIRONMENT = Environment(
    backend="docker",
    isolation="runc, no network, read-only root",
    image="sandbox-review/base:py3.11",
    python="3.11.9",
    packages_digest="sha256:4be1c7a0d2f1e6a9",
    resolved_as_of=datetime(2025, 11, 21, 18, 0, tzinfo=UTC),
)


def finding(identifier: str, **changes: object) -> Finding:
    """A blocking finding of the submission, with `changes`."""
    base = {
        "id": identifier,
        "criterion": "implementation.trial_completes",
        "section": 1,
        "severity": Severity.BLOCKING,
        "cause": Cause.MODEL,
        "blame": Blame.SUBMISSION,
        "confidence": Confidence.OBSERVED,
        "stage": StageName.TRIAL,
        "message": "The trial command ends by an exception.",
    }
    return Finding.model_validate({**base, **changes})


def checklist(findings: list[Finding], not_exercised: tuple[StageName, ...] = ()) -> list[ChecklistItem]:
    """One item per criterion: failed by its findings, not exercised where its stage did not run, else passed."""
    items = []
    for criterion in load_checklist().criteria.values():
        named = [found.id for found in findings if found.criterion == criterion.name]
        blamed = [found.blame for found in findings if found.criterion == criterion.name]
        if Blame.SUBMISSION in blamed:
            outcome, why = CriterionOutcome.FAIL, ""
        elif criterion.decided in not_exercised or blamed:
            outcome, why = CriterionOutcome.NOT_EXERCISED, f"the {criterion.decided.value} stage did not end well"
        else:
            outcome, why = CriterionOutcome.PASS, ""
        items.append(
            ChecklistItem(criterion=criterion.name, section=criterion.section, outcome=outcome, findings=named, why=why)
        )
    return items


ARRAY = "dependencies rewritten as an array"
APPENDED = "training.epochs appended"
PATCH = (
    "diff --git a/pyproject.toml b/pyproject.toml\n--- a/pyproject.toml\n+++ b/pyproject.toml\n@@ -1 +1 @@\n-x\n+y\n"
)


def review(verdict: Verdict, findings: list[Finding], **parts: object) -> Review:
    """A review of two run ids with these findings."""
    base = {
        "tool_version": "0.1.0",
        "submission": SubmissionInfo(
            id="000_d23a9bfa586d4682",
            digest="9f2c" * 16,
            source="submissions/adaptive warm-up/submission.json",
            created_at=datetime(2025, 11, 21, 18, 1, 46, tzinfo=UTC),
            run_ids=RUNS,
        ),
        "verdict": verdict,
        "is_code_ready": verdict is Verdict.READY,
        "code_issue": "" if verdict is Verdict.READY else code_issue(findings),
        "findings": findings,
        "checklist": checklist(findings),
        "environment": ENVIRONMENT,
        "timings": Timings(own_seconds=3.1, sandbox_seconds=96.2, wall_seconds=99.3, by_phase={"environment": 41.6}),
    }
    return Review.model_validate({**base, **parts})


def not_ready() -> Review:
    """Packaging, then a locked configuration behind it, then two failures of the trial; one advisory."""
    findings = [
        finding(
            "f4",
            criterion="model.builds",
            section=4,
            cause=Cause.DEVICE,
            run_id=RUNS[1],
            file="src/train.py",
            line=11,
            message="A tensor is moved to `cuda` without asking whether there is one. "
            "Take the device from `torch.cuda.is_available()`.",
            evidence="AssertionError: Torch not compiled with CUDA enabled",
            behind=["f1", "f2"],
        ),
        finding(
            "f1",
            criterion="implementation.installs",
            cause=Cause.PACKAGING,
            confidence=Confidence.CONFIRMED,
            stage=StageName.ENVIRONMENT,
            file="pyproject.toml",
            line=6,
            message="`[project.dependencies]` is a table, but PEP 621 wants an array of requirement strings. "
            'Write `dependencies = ["torch>=2.3", …]` under `[project]`; `^` is no operator there.',
            evidence="error: Failed to parse: `pyproject.toml`\n  Caused by: TOML parse error at line 6, column 1\n"
            "  |\n6 | [project.dependencies]\n  | ^^^^^^^^^^^^^^^^^^^^^^\ninvalid type: map, expected a sequence",
        ),
        finding(
            "f2",
            criterion="hydra.composes",
            section=2,
            cause=Cause.HYDRA_CONFIG,
            confidence=Confidence.CONFIRMED,
            stage=StageName.COMPOSE,
            file="src/main.py",
            line=12,
            message="The launcher overrides `training.epochs`, which the configuration does not have. "
            "Add the key to config/config.yaml, or write `+training.epochs=1`.",
            evidence="Could not override 'training.epochs'.\nTo append to your config use +training.epochs=1\n"
            "Key 'epochs' is not in struct",
            behind=["f1"],
        ),
        finding(
            "f3",
            criterion="mode.trial_train_batches",
            section=9,
            cause=Cause.RESOURCE_LIMIT,
            run_id=RUNS[0],
            file="src/train.py",
            line=13,
            message="The trial ran backward on 12 batches; the budget is 2. Stop after two batches when mode=trial.",
            evidence="backward passes: 12 (budget 2)\nstopped after 31 s",
            behind=["f1", "f2"],
        ),
        *(
            finding(
                f"f5-{number}",
                criterion="hydra.run_config_used",
                section=2,
                severity=Severity.ADVISORY,
                cause=Cause.HYDRA_CONFIG,
                confidence=Confidence.INFERRED,
                run_id=run_id,
                file="src/train.py",
                message="training.warmup_ratio of the run's YAML is never read: the hyper-parameter does nothing.",
            )
            for number, run_id in enumerate(RUNS)
        ),
    ]
    stages = [
        StageResult(stage=StageName.FILES, status=Status.OK, wall_seconds=0.2, directory="stages/1-files/1"),
        StageResult(
            stage=StageName.ENVIRONMENT,
            status=Status.FAILED,
            exit_code=2,
            wall_seconds=0.6,
            cpu_seconds=0.4,
            peak_memory_mb=88,
            directory="stages/2-environment/1",
        ),
        StageResult(
            stage=StageName.ENVIRONMENT,
            attempt=2,
            status=Status.OK,
            exit_code=0,
            wall_seconds=41,
            cpu_seconds=38,
            peak_memory_mb=512,
            bypasses=[ARRAY, "device stand-in: cuda served by the CPU"],
            directory="stages/2-environment/2",
        ),
        StageResult(
            stage=StageName.COMPOSE,
            status=Status.FAILED,
            exit_code=1,
            wall_seconds=6.4,
            cpu_seconds=6.1,
            peak_memory_mb=1210,
            directory="stages/3-compose/1",
        ),
        StageResult(
            stage=StageName.TRIAL,
            run_id=RUNS[0],
            status=Status.STOPPED_OVER_BUDGET,
            signal=9,
            wall_seconds=31.2,
            cpu_seconds=46,
            peak_memory_mb=3310,
            counters={"train_batches": 12, "epochs": 1, "eval_batches": 0},
            bypasses=[ARRAY, APPENDED],
            directory=f"stages/4-trial-{RUNS[0]}/1",
        ),
        StageResult(
            stage=StageName.TRIAL,
            run_id=RUNS[1],
            status=Status.FAILED,
            exit_code=1,
            wall_seconds=17.0,
            cpu_seconds=20.5,
            peak_memory_mb=2904,
            counters={"train_batches": 0},
            traceback=cuda_traceback(),
            bypasses=[ARRAY, APPENDED],
            directory=f"stages/4-trial-{RUNS[1]}/1",
        ),
    ]
    return review(
        Verdict.NOT_READY,
        findings,
        checklist=checklist(findings, not_exercised=(StageName.FULL, StageName.EVALUATE)),
        stages=stages,
        assets=[
            AssetUse(kind=AssetKind.MODEL, id="Qwen/Qwen3-0.6B", provided=Provided.STAND_IN, requests=14),
            AssetUse(kind=AssetKind.DATASET, id="openai/gsm8k", provided=Provided.STAND_IN, inferred=True, requests=5),
        ],
        claims=[
            Claim(claim="pyproject.toml pins a torch that does not exist", outcome=ClaimOutcome.REFUTED),
            Claim(claim="trial mode trains a whole epoch", outcome=ClaimOutcome.CONFIRMED, findings=["f3"]),
            Claim(claim="the gap is computed the wrong way round", outcome=ClaimOutcome.NOT_DECIDED),
        ],
        repairs=[
            RepairStep(
                step=1,
                kind="table",
                what=ARRAY,
                over=[item.id for item in findings if item.file == "pyproject.toml"],
                files=["pyproject.toml"],
                reached="compose: failed",
            ),
            RepairStep(
                step=2,
                kind="append",
                what=APPENDED,
                over=[item.id for item in findings if item.file == "src/main.py"],
                files=["src/main.py"],
                reached="trial proposed-1: failed",
            ),
        ],
    )


def cuda_traceback() -> Traceback:
    """Two frames of the submission, with torch's own in between and below."""
    site = ".venv/lib/python3.11/site-packages/torch"
    return Traceback(
        type="AssertionError",
        message="Torch not compiled with CUDA enabled",
        file="src/train.py",
        line=11,
        frames=[
            Frame(file="src/train.py", line=25, function="main", source="train_epoch(model, …)", in_submission=True),
            Frame(file=f"{site}/utils/_contextlib.py", line=116, function="decorate_context", source="return func()"),
            Frame(
                file="src/train.py",
                line=11,
                function="train_epoch",
                source='batch = {name: value.to("cuda") for name, value in batch.items()}',
                in_submission=True,
            ),
            Frame(file=f"{site}/_tensor.py", line=1025, function="to", source="return self._to(device)"),
            Frame(file=f"{site}/cuda/__init__.py", line=310, function="_lazy_init", source="raise AssertionError("),
        ],
    )


def ready() -> Review:
    """Nothing blocking, one advisory finding."""
    advisory = finding(
        "f1",
        criterion="data.cache_dir",
        section=3,
        severity=Severity.ADVISORY,
        cause=Cause.DATA_PIPELINE,
        file="src/preprocess.py",
        line=9,
        message="Data sets are cached under ~/.cache, not under .cache/ of the repository.",
        evidence="~/.cache/huggingface/datasets: 3 files",
    )
    stages = [
        StageResult(stage=stage, run_id=run_id, status=Status.OK, exit_code=0, wall_seconds=12.5, peak_memory_mb=900)
        for stage in StageName
        for run_id in (RUNS if stage in (StageName.TRIAL, StageName.FULL) else [None])
    ]
    return review(Verdict.READY, [advisory], stages=stages)


def on_gpu() -> Review:
    """One run id that is ready, seen on a GPU."""
    stages = [
        StageResult(
            stage=stage,
            run_id=RUNS[1] if stage in (StageName.TRIAL, StageName.FULL) else None,
            status=Status.OK,
            exit_code=0,
            wall_seconds=wall,
            cpu_seconds=cpu,
            peak_memory_mb=memory,
            peak_gpu_memory_mb=gpu,
            directory=f"stages/{number}-{stage.value}/1",
        )
        for number, (stage, wall, cpu, memory, gpu) in enumerate(
            [
                (StageName.FILES, 0.2, None, None, None),
                (StageName.ENVIRONMENT, 14.1, 15.5, 486, None),
                (StageName.COMPOSE, 6.3, 7.0, 1240, None),
                (StageName.TRIAL, 24.0, 27.0, 3120, 1810),
                (StageName.FULL, 42.0, 48.0, 3260, 2120),
                (StageName.EVALUATE, 9.6, 10.1, 690, None),
            ],
            start=1,
        )
    ]
    environment = ENVIRONMENT.model_copy(update={"gpu": "NVIDIA L4, 24 GiB", "overrides": ["gpu=1"]})
    timings = Timings(own_seconds=2.8, sandbox_seconds=96.2, wall_seconds=99.0)
    submission = not_ready().submission.model_copy(update={"run_ids": RUNS[1:]})
    parts = {"stages": stages, "environment": environment, "timings": timings, "submission": submission}
    return review(Verdict.READY, [], **parts)


def inconclusive() -> Review:
    """A model that could not be served, and a sandbox that did not start."""
    findings = [
        finding(
            "f1",
            criterion="model.builds",
            section=4,
            cause=Cause.HUB_ASSET,
            blame=Blame.ASSETS,
            run_id=RUNS[1],
            file="src/model.py",
            line=31,
            message="The model `NovaLM/nova-3b` is not in the catalogue of stand-ins and no mirror was given.",
            evidence="404 for /NovaLM/nova-3b/resolve/main/config.json",
        ),
        finding(
            "f2",
            criterion="evaluate.runs",
            section=8,
            cause=Cause.UNCLEAR,
            blame=Blame.INFRASTRUCTURE,
            stage=StageName.EVALUATE,
            message="The sandbox of the evaluate stage did not start: the engine refused it twice.",
            evidence="500 Server Error: no space left on device",
        ),
    ]
    return review(
        Verdict.INCONCLUSIVE,
        findings,
        checklist=checklist(findings, not_exercised=(StageName.FULL, StageName.EVALUATE)),
        stages=[
            StageResult(stage=StageName.FILES, status=Status.OK, wall_seconds=0.2),
            StageResult(stage=StageName.TRIAL, run_id=RUNS[1], status=Status.FAILED, exit_code=1, wall_seconds=11),
            StageResult(stage=StageName.EVALUATE, status=Status.INFRASTRUCTURE_ERROR, wall_seconds=3.3),
        ],
        assets=[AssetUse(kind=AssetKind.MODEL, id="NovaLM/nova-3b", provided=Provided.MISSING, requests=2)],
    )


def many(number: int) -> Review:
    """`number` findings over ten files, every fifth of them advisory."""
    findings = [
        finding(
            f"f{index}",
            severity=Severity.ADVISORY if index % 5 == 4 else Severity.BLOCKING,
            file=f"src/part_{index % 10}.py",
            line=index + 1,
            run_id=RUNS[index % 2],
            message=f"Finding number {index} says that something is wrong at a place of its own.",
            evidence=f"ValueError: value {index} is out of range\n" * 5,
            behind=[f"f{index - 1}"] if index % 7 == 3 else [],
        )
        for index in range(number)
    ]
    return review(Verdict.NOT_READY, findings)


def empty() -> Review:
    """The least that a review can be."""
    return Review(
        tool_version="0.1.0",
        submission=SubmissionInfo(id="s", digest="0" * 64, source="s.json"),
        verdict=Verdict.INCONCLUSIVE,
        is_code_ready=False,
        code_issue="",
        environment=Environment(backend="dummy", isolation="none"),
    )


def disputed() -> Review:
    """No finding, and evidence that is contradicted."""
    doubt = "evidence disputed: the W&B server saw the run e/p/a open, the probe saw no call of wandb"
    return empty().model_copy(update={"code_issue": f"Inconclusive: trial: {doubt}"})


HOSTILE = (
    "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> ]]> \x1b[31mred\x1b]0;title\x07 \x00\x08\x0b\ufffe "
    "\u202edesrever\u2066 ``` | [a](javascript:alert(3)) &amp; {{ 7*7 }} @everyone C:\\x\rover"
)


def hostile() -> Review:
    """Every text that a submission has a say in tries to be more than text."""
    base = not_ready()
    found = [
        item.model_copy(
            update={
                "message": HOSTILE,
                "evidence": HOSTILE + "x" * 1_000_000 + HOSTILE,
                "file": f"src/{HOSTILE}.py",
                "run_id": HOSTILE,
            }
        )
        for item in base.findings
    ]
    frames = [Frame(file=HOSTILE, line=1, function=HOSTILE, source=HOSTILE, in_submission=True)] * 3
    stage = StageResult(
        stage=StageName.TRIAL,
        run_id=HOSTILE,
        status=Status.FAILED,
        counters={HOSTILE: float("nan"), "loss": float("inf"), "fine": 1.0},
        traceback=Traceback(type=HOSTILE, message=HOSTILE, file=f"src/{HOSTILE}.py", line=12, frames=frames),
        outputs=[HOSTILE],
        bypasses=[HOSTILE],
        directory=HOSTILE,
    )
    return base.model_copy(
        update={
            "submission": base.submission.model_copy(
                update={"id": HOSTILE, "source": HOSTILE, "run_ids": [HOSTILE, *RUNS]}
            ),
            "findings": found,
            "checklist": [item.model_copy(update={"why": HOSTILE}) for item in base.checklist],
            "stages": [stage],
            "assets": [AssetUse(kind=AssetKind.MODEL, id=HOSTILE, provided=Provided.MISSING)],
            "environment": base.environment.model_copy(update={"gpu": HOSTILE, "image": HOSTILE}),
            "claims": [Claim(claim=HOSTILE, outcome=ClaimOutcome.NOT_DECIDED)],
            "repairs": [
                RepairStep(step=1, kind=HOSTILE, what=HOSTILE, over=[HOSTILE], files=[HOSTILE], reached=HOSTILE)
            ],
        }
    )
