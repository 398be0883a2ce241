"""What stands in the way, and an edit that gets past it.

A repair touches packaging, configuration wiring, imports, paths and ids; never what the experiment computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from runner.evidence import ComposeFacts, Composition
from runner.review import Traceback
from runner.rules.base import Case, Draft
from runner.rules.idle import failure_of
from runner.submissions.model import Submission
from runner.vocabulary import StageName


class Repair(BaseModel):
    """One edit of the sandbox's copy, and what it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    """The rung of the ladder, e.g. config-name."""
    what: str
    """The edit in one sentence, so that a person can redo it."""
    files: dict[str, str]
    """Path -> the file's new text, whole. A path that the submission does not have is a new file."""
    begins: StageName
    """The first stage that has to run again: the earliest whose facts the edit changes."""
    over: str = ""
    """Identity of the finding that it steps over; see `identity`."""


@dataclass(frozen=True)
class Blocker:
    """One failure that keeps a review from seeing further, with what is known around it."""

    case: Case
    """Its submission is the copy as repaired so far; line numbers are those of that copy."""
    draft: Draft
    traceback: Traceback | None = None
    composition: Composition | None = None

    @property
    def files(self) -> Mapping[str, str]:
        """Every file of the copy, run configurations included."""
        return self.case.submission.tree()

    def says(self, *words: str) -> bool:
        """Whether the error's type or message holds one of the words, whatever their case."""
        text = f"{self.traceback.type}: {self.traceback.message}" if self.traceback else ""
        text += "\n".join(self.composition.errors) if self.composition else ""
        text = (text or f"{self.draft.message}\n{self.draft.evidence}").lower()
        return any(word.lower() in text for word in words)


def mistake(draft: Draft) -> str:
    """What makes two drafts the same mistake, over run ids and rounds."""
    root = draft.root or (draft.file or "", str(draft.line), draft.message)
    return "|".join((draft.criterion, *root))


def identity(draft: Draft) -> str:
    """The mistake, and the run id where it is one run's."""
    return "|".join((draft.run_id or "", mistake(draft)))


def applied(submission: Submission, repair: Repair) -> Submission:
    """The submission with the repair's files in place of its own."""
    configs = {submission.run_config_path(run.run_id): run for run in submission.runs}
    files = dict(submission.files)
    runs = {run.run_id: run for run in submission.runs}
    for path, text in repair.files.items():
        if path in configs:
            run = configs[path]
            runs[run.run_id] = run.model_copy(update={"run_config": text})
        else:
            files[path] = text
    # Built anew: a copy would keep the old digest.
    fields = {name: getattr(submission, name) for name in type(submission).model_fields}
    return Submission(**{**fields, "files": files, "runs": tuple(runs.values())})


def tracebacks(case: Case) -> list[tuple[StageName, str | None, Traceback]]:
    """Every root traceback of compose and trial with its stage and run id, earliest stage first."""
    found: list[tuple[StageName, str | None, Traceback]] = []
    for evidence in case.of(StageName.COMPOSE):
        if isinstance(evidence.facts, ComposeFacts):
            found += [(evidence.stage, None, failure.traceback) for failure in evidence.facts.import_failures]
            found += [(evidence.stage, c.run_id, c.exception) for c in evidence.facts.compositions if c.exception]
    for evidence in case.of(StageName.TRIAL):
        traceback = failure_of(evidence)
        if traceback is not None:
            found.append((evidence.stage, evidence.run_id, traceback))
    return found
