"""Whether a mode that does not exist is refused."""

from __future__ import annotations

import re

from runner.evidence import Refusal
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised
from runner.vocabulary import Cause, StageName


@decides("hydra.rejects_unknown_mode")
def rejects_unknown_mode(case: Case) -> Judgement:
    facts = case.compose
    if facts is None:
        return not_exercised(missing_stage(case, StageName.COMPOSE))
    tried = facts.unknown_mode
    if tried is None:
        return not_exercised("src/main.py was not run with an unknown mode")
    if tried.outcome == "accepted" and _checks_somewhere(case):
        return not_exercised("the experiment began, but the code seems to check its mode later")
    if tried.outcome == "accepted":
        return judged([_accepted(tried)])
    if tried.outcome == "refused":
        return judged([], f"mode={tried.mode} ends with: {tried.message[:200]}")
    return not_exercised(f"whether mode={tried.mode} is refused was not seen: {tried.message[:200]}")


_CHECK = re.compile(
    r"(?:raise|assert|exit|error|invalid|unknown|unsupported|not in)\b.*\bmode\b|\bmode\b.*\bnot in\b", re.IGNORECASE
)


def _checks_somewhere(case: Case) -> bool:
    """Whether a line of the code reads like a check of the mode, which may come behind the first asset."""
    sources = (text for path, text in case.submission.files.items() if path.endswith(".py"))
    return any(_CHECK.search(line) for text in sources for line in text.splitlines())


def _accepted(tried: Refusal) -> Draft:
    return Draft(
        criterion="hydra.rejects_unknown_mode",
        cause=Cause.HYDRA_CONFIG,
        stage=StageName.COMPOSE,
        file="src/main.py",
        message=f"mode={tried.mode} is accepted, and the experiment begins: a mistyped mode starts a full run. "
        "Raise an error unless mode is trial or full.",
        evidence=tried.message,
    )
