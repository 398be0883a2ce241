"""What the evaluation script did, as facts: which runs it was given, what it asked of W&B, what it wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from runner.review import Traceback
from runner.vocabulary import Status

RESULTS = "evaluated"
"""results_dir, below the workspace: no name that a script would write to by itself."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class RunServed(_Facts):
    """A run as the W&B mock had it when the script asked."""

    run_id: str
    origin: Literal["logged", "copied", "made-up"]
    """logged: by a full attempt that ended ok. copied: what another run id logged. made-up: names as far as known."""
    history: list[str] = []
    """Names in its history."""
    summary: list[str] = []
    not_numbers: list[str] = []
    """Names of which a NaN or an infinity was logged."""


class RunAsked(_Facts):
    """What was asked of the W&B API about one run."""

    run_id: str
    history: bool = False
    summary: bool = False
    config: bool = False
    keys: list[str] = []
    """History keys asked for by name."""
    requests: list[list[str]] = []
    """The same, request by request: one that no row has leaves the others of its request without a row, too."""


class Document(_Facts):
    """A JSON file below the results directory."""

    path: str
    """Relative to the results directory."""
    bytes: int
    problem: str = ""
    """Why it is not valid JSON; "" if it is. NaN and Infinity, which Python writes, are not JSON."""
    content: JsonValue = None
    """Parsed, NaN and infinities as strings; None where it is too large or cannot be parsed."""
    whole: bool = True
    """False where it was too large to be kept."""


class Figure(_Facts):
    """A figure below the results directory, opened on the host."""

    path: str
    """Relative to the results directory."""
    bytes: int
    pages: int | None = None
    """Of a PDF; 1 for an image; None where it was not opened."""
    blank: bool = False
    """Whether every page is one colour all over."""
    text: int = 0
    """Characters of text; images have none that could be read."""
    problem: str = ""
    """Why it cannot be read."""
    opened: bool = True
    """False where it was not looked at: too large, too many, too slow, or of a kind that nothing here opens."""


class Evaluation(_Facts):
    """One run of the evaluation command."""

    variant: Literal["logged", "baseline-wins", "lower-wins"]
    """logged: the runs as they are. baseline-wins: more rows, and numbers by which every baseline is better.
    lower-wins: the same for the proposed method."""
    words: Literal["key=value", "positional", "flags"] = "key=value"
    """How results_dir and run_ids were given. The checklist's way is the first; another is tried where that is refused,
    to see what is behind it."""
    command: list[str] = []
    status: Status
    status_evidence: str = ""
    exit_code: int | None = None
    wall_seconds: float = 0.0
    traceback: Traceback | None = None
    stderr_tail: str = ""
    runs: list[RunServed] = []
    asked: list[RunAsked] = []
    calls: int = 0
    """Requests to the W&B mock."""
    mock_problem: str = ""
    """A failure of the mock's own; then what was asked proves nothing."""
    documents: list[Document] = []
    figures: list[Figure] = []
    tables: list[str] = []
    """Other files below the results directory that hold words."""
    significance: bool = False
    """Whether anything written names a significance test or its p-value."""
    cut: bool = False
    """Whether it wrote more files than are listed here."""
    unread: bool = False
    """Whether a file that holds words was too large to be read."""
    directory: str = ""
    """Relative to the review's directory."""


class EvaluateFacts(_Facts):
    """The evaluation command, on the runs as they are and on variants of them."""

    kind: Literal["evaluate"] = "evaluate"
    evaluations: list[Evaluation] = []
    """The first is the checklist's command on the runs as they are."""
    made_up: list[str] = []
    """Run ids of which no complete full run was there; their numbers mean nothing."""
    known_names: list[str] = []
    """Metric names that training may log: seen in a run, or literal in its source."""
    name_patterns: list[str] = []
    """Regular expressions of names that the source puts together from parts."""
