"""review.json: the answer of one review, as data. Its JSON Schema is published by `sandbox-review schema review`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

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

SCHEMA_VERSION = "1.0"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SubmissionInfo(_Part):
    """Which submission was reviewed."""

    id: str
    digest: str
    """SHA-256 over the files and run configurations, independent of where they came from."""
    source: str
    created_at: datetime | None = None
    run_ids: list[str] = []
    """The run ids that this review covers."""


class Finding(_Part):
    """One thing that is wrong, or that could not be decided, with its evidence."""

    id: str
    criterion: str
    section: int = Field(ge=1, le=9)
    severity: Severity
    cause: Cause
    blame: Blame
    confidence: Confidence
    stage: StageName
    run_id: str | None = None
    """None where the finding holds for every run id."""
    file: str | None = None
    """Path inside the submission."""
    line: int | None = Field(default=None, ge=1)
    message: str
    """What is wrong and what to do, in a sentence or two."""
    evidence: str = ""
    """What was seen: the end of a traceback, a tool's own words, a count."""
    behind: list[str] = []
    """Ids of the findings that had to be stepped over before this one showed."""


class ChecklistItem(_Part):
    """The outcome of one criterion over all run ids."""

    criterion: str
    section: int = Field(ge=1, le=9)
    outcome: CriterionOutcome
    findings: list[str] = []
    why: str = ""


class Frame(_Part):
    """One frame of a traceback."""

    file: str
    """Relative to the repository root where the frame lies in the submission."""
    line: int
    function: str
    source: str = ""
    in_submission: bool = False


class Traceback(_Part):
    """The root traceback of a failed stage."""

    type: str
    message: str
    file: str | None = None
    """Deepest frame inside the submission."""
    line: int | None = None
    frames: list[Frame] = []
    chain: list[str] = []
    """Type and first message line of every exception of its chain, first cause first; empty if there was no other."""


class StageResult(_Part):
    """One attempt of one stage, for one run id where the stage has one."""

    stage: StageName
    run_id: str | None = None
    attempt: int = Field(default=1, ge=1)
    status: Status
    exit_code: int | None = None
    signal: int | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None
    counters: dict[str, float] = {}
    traceback: Traceback | None = None
    outputs: list[str] = []
    """Files that the stage wrote, relative to the repository root."""
    bypasses: list[str] = []
    """Blockers that were stepped over before this attempt."""
    cut_short: list[str] = []
    """What full mode was spared: loops that were ended early, and values that were lowered in a copy, in words."""
    checkpoints_elsewhere: list[str] = []
    """Weights that full mode wrote, but not below results_dir."""
    directory: str = ""
    """Where this attempt's evidence lies, relative to the review's directory."""


class EvaluationResult(_Part):
    """What the evaluation script made of the runs that it was given."""

    made_up: list[str] = []
    """Run ids whose numbers are made up, since full mode did not log them; the values below then mean nothing."""
    variants: dict[str, Status] = {}
    """How the script ended on the runs as they are (logged), and on variants of them."""
    primary_metric: str = ""
    best_proposed: str = ""
    """Run id and value, in the script's own words; the same below. On stand-ins, cut short: no result of science."""
    best_baseline: str = ""
    gap: str = ""
    figures: list[str] = []
    """Figures that were written, relative to the results directory."""
    directory: str = ""
    """Where its evidence lies, relative to the review's directory."""


class AssetUse(_Part):
    """One model, data set or metric that the submission asked for."""

    kind: AssetKind
    id: str
    provided: Provided
    inferred: bool = False
    requests: int = Field(default=0, ge=0)


class Environment(_Part):
    """Where the review ran, and as what words asked for."""

    backend: str
    isolation: str
    image: str | None = None
    python: str | None = None
    packages_digest: str | None = None
    resolved_as_of: datetime | None = None
    """Packages published later were not considered; None: today's packages."""
    gpu: str | None = None
    overrides: list[str] = []
    """The KEY=VALUE words of the command, as given."""


class Timings(_Part):
    """Seconds: in the program itself, in sandboxes, and by the clock."""

    own_seconds: float = 0.0
    sandbox_seconds: float = 0.0
    wall_seconds: float = 0.0
    by_phase: dict[str, float] = {}


class Claim(_Part):
    """A claim of an earlier review, held against what running the code showed."""

    claim: str
    outcome: ClaimOutcome
    findings: list[str] = []


class RepairStep(_Part):
    """One edit of the sandbox's copy, tried by running it."""

    step: int = Field(ge=1)
    kind: str
    what: str
    """The edit in one sentence, so that a person can redo it."""
    helped: bool = True
    """Whether what it was for is gone; False where it was met again, or was not tried again."""
    over: list[str] = []
    """Ids of the findings that it gets past."""
    files: list[str] = []
    reached: str = ""
    """How far the review got with it, e.g. "trial proposed-a: ok"."""


class Review(_Part):
    """The whole answer."""

    schema_version: str = SCHEMA_VERSION
    tool_version: str
    submission: SubmissionInfo
    verdict: Verdict
    is_code_ready: bool
    code_issue: str
    """Empty if ready; else numbered, blocking first, each with file:line and evidence."""
    findings: list[Finding] = []
    checklist: list[ChecklistItem] = []
    stages: list[StageResult] = []
    evaluation: EvaluationResult | None = None
    assets: list[AssetUse] = []
    environment: Environment
    timings: Timings = Timings()
    claims: list[Claim] = []
    repairs: list[RepairStep] = []
    """In the order in which they were made; `repairs.patch` holds them all as one diff."""
    summary: str = ""
    """The text of summary.md, at most 8,000 characters, for whoever or whatever repairs the code: every cause with its
    root traceback and source, what was stepped over and the smallest change that gets past, most important first."""


def review_schema() -> dict[str, Any]:
    """The JSON Schema of review.json."""
    schema = Review.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
