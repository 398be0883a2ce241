"""What every stage of one review works with: the submission, the sandbox and the folders."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runner.attempt import Attempt
from runner.evidence import Evidence
from runner.leftovers import SCRATCH, owned_name
from runner.settings import Settings
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from sandbox.protocol import Sandbox
from sandbox.repository import AssetSource

_STAGE_NUMBERS = {stage: number for number, stage in enumerate(StageName, start=1)}


class Progress(Protocol):
    """Told what happens, for whoever watches."""

    def stage_started(self, stage: StageName, run_id: str | None, note: str = "") -> None: ...
    def stage_note(self, text: str) -> None: ...
    def stage_counters(self, read: Callable[[], Mapping[str, float]]) -> None:
        """`read` tells how far the running command is, by the probe; it may be called until the stage has finished."""

    def stage_finished(self, evidence: Evidence) -> None: ...


@dataclass(frozen=True)
class Installed:
    """An environment that an environment stage made."""

    directory: Path
    """On the host."""
    inside: str
    """Where later sandboxes see it, read-only."""
    replaced_torch: bool = False
    """Whether its torch is not the one that the project resolves to."""


@dataclass
class Workbench:
    """One review's tools and folders."""

    submission: Submission
    settings: Settings
    sandbox: Sandbox
    directory: Path
    """The review's own directory; evidence goes to `stages/` in it."""
    assets: AssetSource
    progress: Progress
    cancel: threading.Event = field(default_factory=threading.Event)
    sandbox_seconds: float = 0.0

    @property
    def store(self) -> Path:
        """uv's cache and the environments made from it; per backend, since each has its own user and Python."""
        return self.settings.cache() / f"uv-{self.sandbox.name}"

    @contextlib.contextmanager
    def attempt(
        self,
        stage: StageName,
        run_id: str | None = None,
        number: int = 1,
        *,
        part: str = "",
        submission: Submission | None = None,
    ) -> Iterator[Attempt]:
        """A fresh workspace and an evidence folder for one attempt; the workspace is gone afterwards.

        `part`: of an attempt that runs several commands, which one; each has a folder. `submission`: a copy that
        differs from the review's, for this attempt alone.
        """
        name = f"{number}-{part}" if part else str(number)
        record = self.directory / "stages" / stage_folder(stage, run_id) / name
        record.mkdir(parents=True)
        scratch = self.settings.cache() / SCRATCH / owned_name(stage)
        scratch.mkdir(parents=True, mode=0o700)
        try:
            yield Attempt(self, stage, run_id, number, record, scratch, submission)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def not_run(self, stage: StageName, run_id: str | None, number: int, status: Status, why: str) -> Evidence:
        """The evidence of an attempt that was not made, or that our side could not carry out."""
        word = "skipped" if status is Status.SKIPPED else "lost"
        folder = self.directory / "stages" / stage_folder(stage, run_id) / f"{word}-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        evidence = Evidence(
            stage=stage,
            run_id=run_id,
            attempt=number,
            status=status,
            status_evidence=why,
            directory=str(folder.relative_to(self.directory)),
        )
        self.progress.stage_finished(evidence)
        return evidence


def stage_folder(stage: StageName, run_id: str | None) -> str:
    """Name of the folder below `stages/` that holds the attempts of a stage."""
    name = f"{_STAGE_NUMBERS[stage]}-{stage}"
    return f"{name}-{run_id}" if run_id else name
