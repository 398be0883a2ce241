"""night.json: the answer of one night, as data. The terminal and the index page are views of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from runner.vocabulary import Blame, Cause, Severity, StageName

NIGHT_SCHEMA_VERSION = "1.0"
NIGHT_FILE = "night.json"


class NightVerdict(StrEnum):
    """What a review of a night said of a submission: a review's verdicts, and one for what could not be read."""

    READY = "ready"
    NOT_READY = "not_ready"
    INCONCLUSIVE = "inconclusive"
    """Also where there is no review, because the program or its machine failed; `Result.problem` says how."""
    UNUSABLE = "unusable"
    """The submission cannot be read; nothing was run."""


class Change(StrEnum):
    """What a night says of a submission, compared with its accepted verdict; most urgent first."""

    NEW_FAILURE = "new_failure"
    """It was not known to fail, and does. The only kind that is a regression."""
    FLAKY = "flaky"
    """The verdict or its causes changed, and a second run of the same denied that."""
    CHANGED_CAUSE = "changed_cause"
    """It fails as before, for other reasons."""
    INFRASTRUCTURE = "infrastructure"
    """Something of ours kept the night from knowing, or nothing can be decided where there was a verdict."""
    REPAIRED = "repaired"
    """It failed or was undecided, and is ready."""
    CHANGED_TIMING = "changed_timing"
    """The same verdict for the same reasons, much slower or much faster."""
    NEW = "new"
    """There is no accepted verdict and no expected one."""
    UNCHANGED = "unchanged"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FirstCause(_Part):
    """The finding that a reader needs first."""

    criterion: str
    cause: Cause
    blame: Blame
    severity: Severity
    stage: StageName
    run_id: str | None = None
    file: str | None = None
    line: int | None = None
    message: str


class Result(_Part):
    """One review of a submission: what it said and where it lies."""

    verdict: NightVerdict
    infrastructure: bool = False
    """Whether something of ours failed, so that the verdict says nothing about the submission."""
    causes: list[str] = []
    """What made it not ready or inconclusive, as `criterion: cause`, sorted; two reviews agree where these do."""
    first_cause: FirstCause | None = None
    problem: str = ""
    """Why there is no review, or why the submission cannot be used; "" where there is a review."""
    seconds: float = 0.0
    """By the clock."""
    finished_at: datetime | None = None
    """None for a verdict that was only expected."""
    review: str | None = None
    """The review's directory (report.html, review.json, …), relative to the night's; None where there is none.
    A reused review lies in an earlier night's directory and may start with `../` or `/`."""
    key: str = ""
    """SHA-256 of everything that was run; "" for a verdict that was only expected."""


class Past(_Part):
    """What an earlier night said of this submission."""

    night: int
    finished_at: datetime
    verdict: NightVerdict
    change: Change
    seconds: float
    accepted: bool = False
    """Whether this verdict was accepted as what to compare with."""


class Entry(_Part):
    """One submission in a night."""

    submission: str
    """Its name in the corpus."""
    title: str = ""
    """What its `expect.yaml` says it is."""
    digest: str = ""
    """SHA-256 of its content; "" where it cannot be read."""
    change: Change
    before: Result | None = None
    """The accepted verdict; without one, the expected one; None where there is neither."""
    now: Result
    confirmation: Result | None = None
    """The second run of a changed verdict. Where the entry is `flaky`, it contradicts `now`; `now` says what the
    first run saw."""
    reused: bool = False
    """Whether `now` is an earlier night's, as nothing that it depends on has changed."""
    expected_met: bool | None = None
    """Whether the verdict is the one of its `expect.yaml`; None without one."""
    history: list[Past] = []
    """Earlier nights, oldest first, without this one."""

    @property
    def sure(self) -> bool:
        """Whether the night knows the verdict, so that it can be accepted.

        That nothing can be decided any more is known, too, once it was seen twice and no trouble of the machine's.
        """
        if self.change is Change.INFRASTRUCTURE:
            return self.confirmation is not None and not (self.now.infrastructure or self.confirmation.infrastructure)
        return self.change is not Change.FLAKY

    @property
    def failed(self) -> bool:
        """Whether any run of it was something else than ready."""
        runs = [self.now, *([self.confirmation] if self.confirmation else [])]
        return any(run.verdict is not NightVerdict.READY for run in runs)


class NightStatus(StrEnum):
    """How far a night came."""

    RUNNING = "running"
    """Not finished: interrupted, or still going on. The same command goes on with it."""
    FINISHED = "finished"
    INFRASTRUCTURE = "infrastructure"
    """A submission that is known to be good was not found so: nothing that this night says can be relied on."""
    ABANDONED = "abandoned"
    """It was not finished, and a later one began anew."""


class Night(_Part):
    """The whole answer of one night."""

    schema_version: str = NIGHT_SCHEMA_VERSION
    tool_version: str
    number: int = Field(ge=1)
    """Its number in the database."""
    corpus: str
    status: NightStatus
    started_at: datetime
    finished_at: datetime | None = None
    wall_seconds: float = 0.0
    executor: str = ""
    """Where the reviews ran: "local: 16 cpus, 64000 MiB, 4 at once", "ray: 3 nodes, 48 cpus"."""
    words: list[str] = []
    """The KEY=VALUE words of the command."""
    canary: list[Result] = []
    """The known-good submission: the first run, and the last where there was one."""
    entries: list[Entry] = []
    """In the corpus's order."""

    def counts(self) -> dict[Change, int]:
        """How many entries there are of every kind."""
        found = dict.fromkeys(Change, 0)
        for entry in self.entries:
            found[entry.change] += 1
        return found

    def ready(self) -> tuple[int, int, int]:
        """How many submissions are ready, of how many, and of how many that infrastructure did not spoil."""
        sound = [entry for entry in self.entries if entry.change is not Change.INFRASTRUCTURE]
        ready = sum(entry.now.verdict is NightVerdict.READY for entry in sound)
        return ready, len(self.entries), len(sound)

    @property
    def exit_status(self) -> int:
        """0 no regression · 1 at least one · 3 infrastructure kept the night from knowing.

        A regression that was seen twice stands even where another submission's review was lost.
        """
        if self.status is not NightStatus.FINISHED:
            return 3
        found = self.counts()
        if found[Change.NEW_FAILURE]:
            return 1
        return 3 if found[Change.INFRASTRUCTURE] else 0


def read_night(directory: Path) -> Night:
    """The night that lies in `directory`. Raises OSError or ValueError."""
    return Night.model_validate_json((directory / NIGHT_FILE).read_text("utf-8"))
