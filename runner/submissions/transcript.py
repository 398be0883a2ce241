"""Reader of a reviewer's transcript: what the reviewer was asked, and what it answered.

Its parts stand under headings, in this order: Instructions, Hypothesis (absent in older ones), method
and design, Experiment Runs, Generated Experiment Code (one JSON object), and "Output:" with the verdict.
Everything above the code is free text that may contain any of these headings again.
"""

from __future__ import annotations

import re

from runner.submissions import run_config_dir
from runner.submissions.assemble import Parts, assemble
from runner.submissions.errors import Problems
from runner.submissions.fields import kind, read_slots
from runner.submissions.model import EarlierReview, Hypothesis, Run, Submission
from runner.submissions.slots import SLOTS
from runner.submissions.strict_json import extent, parse
from runner.submissions.transcript_runs import read_runs
from runner.submissions.transcript_text import read_keyword_text, read_verdict

_CODE = re.compile(r"^# Generated Experiment Code\b[^\n]*\n", re.MULTILINE)
_RUNS = re.compile(r"^# Experiment Runs[^\n]*\n", re.MULTILINE)
_HYPOTHESIS = re.compile(r"^# Hypothesis[^\n]*\n(.*?)(?=^# |\Z)", re.MULTILINE | re.DOTALL)
_INSTRUCTIONS_END = re.compile(
    r"^# (?:Hypothesis|Current Research Method|Experimental Design|Experiment Runs)\b", re.MULTILINE
)
_INSTRUCTIONS = re.compile(r"^# Instructions[^\n]*\n", re.MULTILINE)


def is_transcript(text: str) -> bool:
    """Whether `text` has the heading that every transcript has."""
    return _CODE.search(text) is not None


def read(text: str, source: str, problems: Problems) -> Submission:
    """The submission that the transcript `text` shows. Raises SubmissionError."""
    return assemble(read_parts(text, problems), source, problems)


def read_parts(text: str, problems: Problems) -> Parts:
    """What the transcript `text` holds; what is wrong with it goes to `problems`."""
    text = text.replace("\r\n", "\n")
    heading = _code_heading(text)
    before = text[: heading.start()]
    files, end = _read_code(text, heading.end(), problems)
    instructions = _read_instructions(before)
    return Parts(
        files=files,
        runs=_read_runs(before, problems),
        run_config_dir=run_config_dir.derive(instructions, files),
        hypothesis=_read_hypothesis(before),
        instructions=instructions,
        review=_read_review(text[end:]),
    )


def _code_heading(text: str) -> re.Match[str]:
    """The heading that code follows: the last one with an object under it, else the last one.

    The last, since the code itself is JSON on one line and cannot contain a line that is a heading,
    while the free text above it can.
    """
    headings = list(_CODE.finditer(text))
    with_object = [heading for heading in headings if text.startswith("{", _next_nonspace(text, heading.end()))]
    return (with_object or headings)[-1]


def _read_code(text: str, start: int, problems: Problems) -> tuple[dict[str, str], int]:
    """The files of the JSON object after `start`, and where that object ends."""
    where = "Generated Experiment Code"
    opening = _next_nonspace(text, start)
    if text[opening : opening + 1] != "{":
        problems.add(where, "no JSON object follows this heading; give the whole transcript")
        return {}, start
    end, fault = extent(text, opening)
    if fault:
        problems.add(where, fault)
        return {}, len(text)
    if end is None:
        problems.add(where, "the JSON object is cut off before its end; give the whole transcript")
        return {}, len(text)
    code = parse(text[opening:end], where, problems)
    if code is None:
        return {}, end
    if not isinstance(code, dict):
        problems.add(where, f"is {kind(code)}; an object with the seven slots has to stand here")
        return {}, end
    return {SLOTS[slot]: body for slot, body in read_slots(code, where, problems).items()}, end


def _next_nonspace(text: str, start: int) -> int:
    found = re.compile(r"\S").search(text, start)
    return found.start() if found else len(text)


def _read_instructions(before: str) -> str:
    start = _INSTRUCTIONS.search(before)
    if start is None:
        return ""
    end = _INSTRUCTIONS_END.search(before, start.end())
    return before[start.end() : end.start() if end else len(before)].strip()


def _read_runs(before: str, problems: Problems) -> list[Run]:
    headings = list(_RUNS.finditer(before))
    if not headings:
        problems.add("Experiment Runs", "the heading is missing; give the whole transcript")
        return []
    return read_runs(before[headings[-1].end() :], problems)


def _read_hypothesis(before: str) -> Hypothesis | None:
    section = _HYPOTHESIS.search(before)
    values = read_keyword_text(section.group(1)) if section else {}
    if not values:
        return None
    metric, result = values.pop("primary_metric", None), values.pop("expected_result", None)
    return Hypothesis(primary_metric=metric, expected_result=result, other=dict(values))


def _read_review(after: str) -> EarlierReview | None:
    output = re.search(r"^Output:", after, re.MULTILINE)
    return read_verdict(after[output.end() :]) if output else None
