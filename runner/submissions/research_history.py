"""Reader of research_history.json, the record that the research system keeps of its own work.

Two layouts exist. The newer has `research_session` with `iterations`, each with `experimental_design`
(code inside, as `experiment_code`) and `experiment_runs`; the older has one such object, `new_method`.
Some records were written before the code was, and hold none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runner.submissions import run_config_dir
from runner.submissions.assemble import Parts, assemble
from runner.submissions.errors import Problems
from runner.submissions.fields import read_hypothesis, read_runs, read_slots, readable
from runner.submissions.model import Hypothesis, Run, Submission
from runner.submissions.slots import SLOTS

_OLDER_DIRECTORY = "config/run"
"""The older layout's system asked for config/run; the newer asks for config/runs."""

_ADVICE = "give the repository that it belongs to instead, as a directory or PATH@COMMIT"


@dataclass(frozen=True)
class _Candidate:
    where: str
    value: dict[str, Any]
    older: bool = False


def is_research_history(document: Any) -> bool:
    """Whether a parsed JSON document is a research history rather than a submission."""
    return (
        isinstance(document, dict)
        and "experiment_runs" not in document
        and bool({"research_session", "new_method"} & document.keys())
    )


def read(document: dict[str, Any], source: str, problems: Problems) -> Submission:
    """The submission of the last iteration that holds code. Raises SubmissionError."""
    candidates = _candidates(document)
    if not candidates:
        problems.add("research history", f"holds no iteration; {_ADVICE}")
    with_code = [candidate for candidate in candidates if _code(candidate.value)]
    if candidates and not with_code:
        problems.add(candidates[-1].where, f"holds no experiment_code (yet); {_ADVICE}")
    problems.raise_if_any()
    chosen = with_code[-1]
    where = f"{chosen.where}.experiment_code"
    slots = read_slots(_code(chosen.value), where, problems)
    files = {SLOTS[slot]: text for slot, text in slots.items()}
    usual = _OLDER_DIRECTORY if chosen.older else run_config_dir.derive("", files)
    parts = Parts(
        files=files,
        runs=read_runs(chosen.value.get("experiment_runs"), f"{chosen.where}.experiment_runs", problems),
        run_config_dir=run_config_dir.from_code(files) or usual,
        hypothesis=hypothesis_of(document),
    )
    return assemble(parts, source, problems)


def hypothesis_of(document: Any) -> Hypothesis | None:
    """The hypothesis of a research history; None where it says none that can be read."""
    session = _object(document, "research_session")
    ideas = document.get("idea_info_history") if isinstance(document, dict) else None
    idea = _object(ideas[-1], "idea") if isinstance(ideas, list) and ideas else {}
    found = session.get("hypothesis") or idea or None
    return read_hypothesis(found, "hypothesis", Problems()) if isinstance(found, dict) else None


def runs_of(document: Any) -> list[Run]:
    """The runs that a research history knows the configuration of, of its last iteration."""
    for candidate in reversed(_candidates(document)):
        runs = candidate.value.get("experiment_runs")
        if isinstance(runs, list) and runs:
            described = [{"run_config": "", **run} for run in runs if isinstance(run, dict)]
            return read_runs(readable(described), candidate.where, Problems())
    return []


def _candidates(document: Any) -> list[_Candidate]:
    session = _object(document, "research_session")
    found = []
    if older := _object(document, "new_method"):
        found.append(_Candidate("new_method", older, older=True))
    iterations = session.get("iterations")
    for index, iteration in enumerate(iterations if isinstance(iterations, list) else []):
        if isinstance(iteration, dict):
            found.append(_Candidate(f"research_session.iterations[{index}]", iteration))
    return found


def _code(candidate: dict[str, Any]) -> dict[str, Any]:
    return _object(_object(candidate, "experimental_design"), "experiment_code") or _object(
        candidate, "experiment_code"
    )


def _object(value: Any, key: str) -> dict[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}
