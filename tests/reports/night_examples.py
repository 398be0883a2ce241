"""Realistic nights, as the tests of the index page need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runner.nightly.night import Change, Entry, FirstCause, Night, NightStatus, NightVerdict, Past, Result
from runner.vocabulary import Blame, Cause, Severity, StageName
from tests.reports.examples import HOSTILE

READY, NOT_READY = NightVerdict.READY, NightVerdict.NOT_READY
BEGAN = datetime(2026, 3, 17, 1, 30, tzinfo=UTC)


def cause(file: str, line: int, criterion: str, kind: Cause, message: str) -> FirstCause:
    return FirstCause(
        criterion=criterion,
        cause=kind,
        blame=Blame.SUBMISSION,
        severity=Severity.BLOCKING,
        stage=StageName.TRIAL,
        file=file,
        line=line,
        message=message,
    )


def result(verdict: NightVerdict, seconds: float, name: str = "", **parts: object) -> Result:
    review = f"reviews/{name}/first-1/review" if name else None
    return Result.model_validate({"verdict": verdict, "seconds": seconds, "review": review, **parts})


def past(verdicts: str, seconds: float = 60.0) -> list[Past]:
    """Nights before number 48, a letter each: r(eady), n(ot ready), i(nconclusive)."""
    known = {"r": READY, "n": NOT_READY, "i": NightVerdict.INCONCLUSIVE}
    first = 48 - len(verdicts)
    return [
        Past(
            night=first + place,
            finished_at=BEGAN - timedelta(days=len(verdicts) - place),
            verdict=known[letter],
            change=Change.UNCHANGED,
            seconds=seconds,
        )
        for place, letter in enumerate(verdicts)
    ]


SCHEDULER = cause(
    "src/train.py",
    88,
    "implementation.trial_completes",
    Cause.LOGIC,
    "ZeroDivisionError: `warmup_steps / total_steps` when the trial has one step. Guard the schedule for short runs.",
)
SEEDLESS = cause(
    "src/preprocess.py",
    47,
    "data.loads",
    Cause.DATA_PIPELINE,
    "KeyError: `ner_tags`: rows are shuffled without a seed, and the one that comes first may lack the column.",
)
NO_TABLE = cause(
    "pyproject.toml",
    9,
    "implementation.installs",
    Cause.PACKAGING,
    "`dependencies` names `torch-geometric-temporal>=9`, which no index has. Ask for a version that exists.",
)
LOCKED = cause(
    "src/main.py",
    31,
    "hydra.composes",
    Cause.HYDRA_CONFIG,
    "The launcher overrides `training.max_steps`, which the configuration does not have.",
)


def changed() -> Night:
    """One of every kind of change."""
    kept = result(READY, 71)
    entries = [
        Entry(
            submission="bert-sst2-clean",
            change=Change.UNCHANGED,
            before=kept,
            now=result(READY, 74, "bert-sst2-clean"),
            history=past("rrrrrrrrrrrr"),
        ),
        Entry(
            submission="adaptive-warmup-qwen3",
            title="Adaptive warm-up for small language models",
            change=Change.NEW_FAILURE,
            before=result(READY, 88),
            now=result(NOT_READY, 41, "adaptive-warmup-qwen3", first_cause=SCHEDULER),
            confirmation=result(NOT_READY, 42, "adaptive-warmup-qwen3-2", first_cause=SCHEDULER),
            history=past("rrrnrrrrrrrr"),
        ),
        Entry(
            submission="lora-rank-search",
            change=Change.CHANGED_CAUSE,
            before=result(NOT_READY, 35),
            now=result(NOT_READY, 62, "lora-rank-search", first_cause=LOCKED),
            history=past("nnnnnnnnnnnn"),
        ),
        Entry(
            submission="resnet20-cifar10",
            change=Change.REPAIRED,
            before=result(NOT_READY, 40),
            now=result(READY, 96, "resnet20-cifar10"),
            history=past("nnnnnnniinnn"),
        ),
        Entry(
            submission="two-seeds-ner",
            change=Change.FLAKY,
            before=kept,
            now=result(NOT_READY, 55, "two-seeds-ner", first_cause=SEEDLESS),
            confirmation=result(READY, 57, "two-seeds-ner-2"),
            history=past("rrrrrnrrrrrr"),
        ),
        Entry(
            submission="graph-transformer",
            change=Change.INFRASTRUCTURE,
            before=kept,
            now=result(
                NightVerdict.INCONCLUSIVE,
                12,
                infrastructure=True,
                problem="The review's process was ended by SIGKILL: the machine was out of memory.",
            ),
            history=past("rrrr"),
        ),
        Entry(
            submission="prompt-tuning-squad",
            change=Change.CHANGED_TIMING,
            before=result(READY, 60),
            now=result(READY, 171, "prompt-tuning-squad"),
            history=past("rrrrrrrrrr"),
        ),
        Entry(
            submission="contrastive-heads",
            change=Change.NEW,
            now=result(NOT_READY, 44, "contrastive-heads", first_cause=NO_TABLE),
            expected_met=False,
        ),
        *(
            Entry(
                submission=f"ablation-{number:02d}",
                change=Change.UNCHANGED,
                before=kept if number % 3 else result(NOT_READY, 52),
                now=result(READY if number % 3 else NOT_READY, 50 + number, f"ablation-{number:02d}"),
                reused=number % 2 == 0,
                history=past(("r" if number % 3 else "n") * 12),
            )
            for number in range(1, 9)
        ),
    ]
    return Night(
        tool_version="0.1.0",
        number=48,
        corpus="past-submissions",
        status=NightStatus.FINISHED,
        started_at=BEGAN,
        finished_at=BEGAN + timedelta(minutes=11),
        wall_seconds=655,
        executor="local: 16 cpus, 64000 MiB, 4 at once",
        words=["reuse=true"],
        canary=[result(READY, 64, "canary"), result(READY, 66, "canary-2")],
        entries=entries,
    )


def hostile_night() -> Night:
    """Names and messages that try to be more than text."""
    night = changed()
    bad = cause(HOSTILE, 1, "x", Cause.UNCLEAR, HOSTILE)
    entries = [
        entry.model_copy(
            update={
                "submission": f"{HOSTILE}{number}",
                "title": HOSTILE,
                "now": entry.now.model_copy(update={"first_cause": bad, "review": f"javascript:{HOSTILE}?#"}),
            }
        )
        for number, entry in enumerate(night.entries)
    ]
    return night.model_copy(update={"entries": entries, "corpus": HOSTILE, "executor": HOSTILE, "words": [HOSTILE]})


def large_night(number: int) -> Night:
    """As many submissions."""
    entries = [
        Entry(
            submission=f"submission-{place:05d}",
            change=Change.UNCHANGED if place % 10 else Change.CHANGED_TIMING,
            before=result(READY, 60),
            now=result(READY, 30 + place % 90, f"submission-{place:05d}"),
            history=past("rrrrrrrrrrrr"),
        )
        for place in range(number)
    ]
    return changed().model_copy(update={"entries": entries})


def empty_night() -> Night:
    """The canary failed before anything was reviewed."""
    night = changed()
    failed = [result(NightVerdict.INCONCLUSIVE, 3, problem="no engine")]
    return night.model_copy(update={"entries": [], "canary": failed, "status": NightStatus.INFRASTRUCTURE})
