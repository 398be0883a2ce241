"""One review, as data flows: stages gather evidence, rules judge it, reports are written."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from runner.asset_sources import sources
from runner.conclude import Repairs, conclude, rounds_of, scope
from runner.evidence import EnvironmentFacts, Evidence
from runner.prefetch import Prefetch
from runner.repairs import Repair, next_repair
from runner.repairs.base import applied
from runner.review import Environment, Review, Timings
from runner.settings import Settings
from runner.stage_runner import StageRunner
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Progress, Workbench
from sandbox.downloads import DownloadStore
from sandbox.protocol import Sandbox

_RUNS_CODE = {StageName.COMPOSE, StageName.TRIAL, StageName.FULL, StageName.EVALUATE}


@dataclass
class Reviewer:
    """Runs one review; `review()` returns the answer and leaves everything in `directory`."""

    submission: Submission
    settings: Settings
    sandbox: Sandbox
    directory: Path
    progress: Progress
    cancel: threading.Event = field(default_factory=threading.Event)
    overrides: tuple[str, ...] = ()
    """The KEY=VALUE words that made `settings`; kept so that the review can be made again."""

    def __post_init__(self) -> None:
        self.run_ids, self.stages = scope(self.submission, self.settings)
        self._evidence: list[Evidence] = []
        self._repairs: list[Repair] = []
        self._started = time.monotonic()
        self._assets = sources(self.settings)

    def review(self) -> Review:
        """Run the stages that were asked for, step over what can be stepped over, judge, write the reports."""
        self._started = started = time.monotonic()
        bench = self._bench()
        self._store("submission.json", self.submission)
        self._store("settings.json", self.settings)
        with contextlib.ExitStack() as stack:
            stack.callback(self._assets[0].close)
            closer = dict(zip(("wide", "mirror"), self._assets[1:], strict=False))
            runner = StageRunner(bench, self.run_ids, self.stages, self._prefetch(bench, stack), closer)
            stack.callback(runner.close)
            self._round(runner, self.submission, self.stages[0])
            self._step_over(runner)
        wall = time.monotonic() - started
        timings = Timings(
            own_seconds=round(wall - bench.sandbox_seconds, 3),
            sandbox_seconds=round(bench.sandbox_seconds, 3),
            wall_seconds=round(wall, 3),
            by_phase={name: round(seconds, 3) for name, seconds in runner.phases.items()},
        )
        environment = self._environment()
        self._store("timings.json", timings)
        self._store("environment.json", environment)
        return conclude(
            self.submission, self.settings, self._evidence, self._repairs, environment, timings, self.directory
        )

    def _step_over(self, runner: StageRunner) -> None:
        """Repair one blocker, run again, and so on, until none is known or a bound is reached."""
        settings = self.settings
        copy = self.submission
        while settings.repairs == "auto" and len(self._repairs) < settings.limits.repair_steps:
            if self.cancel.is_set() or self._out_of_time():
                return
            repair = self._next_repair()
            if repair is None:
                return
            self._repairs.append(repair)
            self._store("repairs.json", Repairs(steps=tuple(self._repairs)))
            copy = applied(copy, repair)
            self.progress.stage_note(f"stepping over: {repair.what}")
            self._round(runner, copy, repair.begins)

    def _round(self, runner: StageRunner, copy: Submission, begins: StageName) -> None:
        """One pass over the stages.

        With a repair, it ends at the next blocker that can be stepped over, and starts nothing once the review's time
        is up; what the submission shows as it is, is never cut.
        """
        step = len(self._repairs)
        last_step = step == self.settings.limits.repair_steps
        for evidence in runner.run(copy, begins, step):
            self._evidence.append(evidence)
            self._store(f"{evidence.directory.removeprefix('stages/')}/evidence.json", evidence)
            if self.cancel.is_set() or (step and self._out_of_time()):
                return
            # The other run ids have the same blocker more often than not, and are tried when it is out of the way.
            stopped = evidence.status not in (Status.OK, Status.INFRASTRUCTURE_ERROR)
            if step and stopped and not last_step and self._next_repair() is not None:
                return

    def _out_of_time(self) -> bool:
        return time.monotonic() - self._started > self.settings.limits.review_wall_seconds

    def _next_repair(self) -> Repair | None:
        rounds = rounds_of(self.submission, self.settings, self._evidence, self._repairs)
        try:
            return next_repair(rounds[-1].case, self._repairs, self.submission.tree())
        except Exception as error:
            # A fault of ours: what was seen so far is still worth its findings.
            problem = f"sandbox-review itself failed ({type(error).__name__}: {error})"
            self.progress.stage_note(f"no further repair: {problem}")
            return None

    def _bench(self) -> Workbench:
        return Workbench(
            submission=self.submission,
            settings=self.settings,
            sandbox=self.sandbox,
            directory=self.directory,
            assets=self._assets[0],
            progress=self.progress,
            cancel=self.cancel,
        )

    def _prefetch(self, bench: Workbench, stack: contextlib.ExitStack) -> _Prefetched:
        if not _RUNS_CODE & set(self.stages):
            return _Prefetched(None)
        prefetch = Prefetch(self.submission, bench.assets, DownloadStore(self.settings.cache()))
        stack.callback(prefetch.close)
        return _Prefetched(prefetch)

    def _store(self, name: str, model: BaseModel) -> None:
        """What `judge` needs to judge again."""
        path = self.directory / "stages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(model.model_dump_json(indent=2), encoding="utf-8")

    def _environment(self) -> Environment:
        facts = next((e.facts for e in self._evidence if isinstance(e.facts, EnvironmentFacts)), None)
        described = self.sandbox.describe()
        return Environment(
            backend=self.sandbox.name,
            isolation=self.sandbox.isolation,
            image=described.get("image"),
            python=facts.python if facts else None,
            packages_digest=facts.packages_digest or None if facts else None,
            resolved_as_of=self.settings.env.as_of(self.submission.created_at),
            gpu=described.get("gpu"),
            overrides=list(self.overrides),
        )


@dataclass
class _Prefetched:
    """Waits, once, for the stand-ins that the submission names."""

    prefetch: Prefetch | None

    def __call__(self, progress: Progress) -> str:
        if self.prefetch is None:
            return ""
        progress.stage_started(StageName.COMPOSE, None, "making stand-ins")
        self.prefetch.wait()
        return self.prefetch.problem
