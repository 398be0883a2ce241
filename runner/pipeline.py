"""One review, as data flows: stages gather evidence, rules judge it, reports are written."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from runner.checklist import load_checklist
from runner.evidence import EnvironmentFacts, Evidence
from runner.judge import judge
from runner.prefetch import Prefetch
from runner.reports import write_reports
from runner.review import Environment, Review, Timings
from runner.rules.base import Case
from runner.rules.failures import missed_a_gpu
from runner.settings import Settings
from runner.stages.compose import run_compose
from runner.stages.environment.stage import remove_environment, run_environment
from runner.stages.files.stage import run_files
from runner.stages.trial import run_trial
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Progress, Workbench, stage_folder
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError
from sandbox.protocol import Sandbox

BUILT = (StageName.FILES, StageName.ENVIRONMENT, StageName.COMPOSE, StageName.TRIAL)
"""The stages that this version runs."""


def scope(submission: Submission, settings: Settings) -> tuple[list[str], list[StageName]]:
    """The run ids and the stages that a review covers, each in its own order."""
    known = list(submission.run_ids)
    run_ids = [run_id for run_id in known if run_id in settings.runs] if settings.runs else known
    return run_ids, [stage for stage in BUILT if stage in settings.stages]


@dataclass
class Reviewer:
    """Runs one review; `review()` returns the answer and leaves everything in `directory`."""

    submission: Submission
    settings: Settings
    sandbox: Sandbox
    directory: Path
    progress: Progress
    cancel: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.run_ids, self.stages = scope(self.submission, self.settings)
        self._evidence: list[Evidence] = []
        self._phases: dict[str, float] = {}

    def review(self) -> Review:
        """Run the stages that were asked for, judge, write the reports."""
        started = time.monotonic()
        bench = self._bench()
        self._store_inputs()
        with contextlib.ExitStack() as stack:
            for evidence in self._run_stages(bench, stack):
                self._evidence.append(evidence)
                _write(self.directory / evidence.directory / "evidence.json", evidence.model_dump_json(indent=2))
                if self.cancel.is_set():
                    break
        wall = time.monotonic() - started
        timings = Timings(
            own_seconds=round(wall - bench.sandbox_seconds, 3),
            sandbox_seconds=round(bench.sandbox_seconds, 3),
            wall_seconds=round(wall, 3),
            by_phase={name: round(seconds, 3) for name, seconds in self._phases.items()},
        )
        _write(self.directory / "stages" / "timings.json", timings.model_dump_json(indent=2))
        environment = self._environment(bench)
        _write(self.directory / "stages" / "environment.json", environment.model_dump_json(indent=2))
        return conclude(self.submission, self.settings, self._evidence, environment, timings, self.directory)

    def _bench(self) -> Workbench:
        return Workbench(
            submission=self.submission,
            settings=self.settings,
            sandbox=self.sandbox,
            directory=self.directory,
            assets=AssetStore(self.settings.cache() / "assets"),
            progress=self.progress,
            cancel=self.cancel,
        )

    def _store_inputs(self) -> None:
        """What `judge` needs to judge again."""
        self.directory.mkdir(parents=True, exist_ok=True)
        _write(self.directory / "stages" / "submission.json", self.submission.model_dump_json())
        _write(self.directory / "stages" / "settings.json", self.settings.model_dump_json())

    def _run_stages(self, bench: Workbench, stack: contextlib.ExitStack) -> Iterator[Evidence]:
        runs_code = {StageName.COMPOSE, StageName.TRIAL} & set(self.stages)
        prefetch = Prefetch(self.submission, bench.assets) if runs_code else None
        if StageName.FILES in self.stages:
            yield self._timed(StageName.FILES, lambda: run_files(bench))
        installed: Installed | None = None
        if StageName.ENVIRONMENT in self.stages:
            made: list[Installed] = []

            def install() -> Evidence:
                evidence, environment = run_environment(bench)
                if environment is not None:
                    made.append(environment)
                    stack.callback(remove_environment, environment)
                return evidence

            yield self._timed(StageName.ENVIRONMENT, install)
            installed = made[0] if made else None
        if installed is None:
            return
        environment = installed
        if prefetch is not None:
            bench.progress.stage_started(StageName.COMPOSE, None, "making stand-ins")
            prefetch.wait()
        if StageName.COMPOSE in self.stages:
            yield from self._attempts(StageName.COMPOSE, partial(run_compose, bench, environment, self.run_ids))
        if StageName.TRIAL in self.stages:
            problem = prefetch.problem if prefetch is not None else ""
            for run_id in self.run_ids:
                if problem:
                    # Every request would try to make them again, and fail again, minutes later.
                    yield _lost(self.directory, StageName.TRIAL, run_id, problem, bench.progress)
                    continue
                yield from self._attempts(StageName.TRIAL, partial(run_trial, bench, environment, run_id), run_id)

    def _attempts(
        self, stage: StageName, run: Callable[..., Evidence], run_id: str | None = None
    ) -> Iterator[Evidence]:
        """One attempt, and another with the device stand-in where the first one missed a GPU."""
        device = self.settings.device == "standin" and not self.settings.gpu
        first = self._timed(stage, partial(run, number=1, device=device), run_id)
        yield first
        if self.settings.device == "auto" and not self.cancel.is_set() and missed_a_gpu(first, self.settings.gpu):
            yield self._timed(stage, partial(run, number=2, device=True), run_id)

    def _timed(self, stage: StageName, run: Callable[[], Evidence], run_id: str | None = None) -> Evidence:
        started = time.monotonic()
        try:
            return run()
        except InfrastructureError as error:
            return _lost(self.directory, stage, run_id, str(error), self.progress)
        finally:
            self._phases[stage] = self._phases.get(stage, 0.0) + time.monotonic() - started

    def _environment(self, bench: Workbench) -> Environment:
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
        )


def conclude(
    submission: Submission,
    settings: Settings,
    evidence: list[Evidence],
    environment: Environment,
    timings: Timings,
    directory: Path,
) -> Review:
    """Judge evidence and write the reports; runs nothing."""
    run_ids, stages = scope(submission, settings)
    case = Case(
        submission=submission,
        checklist=load_checklist().with_severities(settings.severities()),
        evidence=evidence,
        run_ids=run_ids,
        gpus=settings.gpu,
    )
    review = judge(case, stages, environment, timings)
    write_reports(review, directory, submission.tree())
    return review


def judge_again(directory: Path) -> Review:
    """Judge from the stored evidence of a review and write its reports anew; runs nothing.

    Raises FileNotFoundError where the directory holds no review, ValueError where its evidence cannot be read.
    """
    stages = directory / "stages"
    submission = Submission.model_validate_json((stages / "submission.json").read_text("utf-8"))
    settings = Settings.model_validate_json((stages / "settings.json").read_text("utf-8"))
    attempts = [Evidence.model_validate_json(path.read_text("utf-8")) for path in stages.glob("*/*/evidence.json")]
    order = {run_id: number for number, run_id in enumerate(submission.run_ids)}
    attempts.sort(key=lambda e: (list(StageName).index(e.stage), order.get(e.run_id or "", -1), e.attempt))
    environment = Environment.model_validate_json((stages / "environment.json").read_text("utf-8"))
    timings = Timings.model_validate_json((stages / "timings.json").read_text("utf-8"))
    return conclude(submission, settings, attempts, environment, timings, directory)


def _lost(directory: Path, stage: StageName, run_id: str | None, message: str, progress: Progress) -> Evidence:
    """An attempt that our side could not carry out."""
    folder = directory / "stages" / stage_folder(stage, run_id) / "lost"
    folder.mkdir(parents=True, exist_ok=True)
    evidence = Evidence(
        stage=stage,
        run_id=run_id,
        status=Status.INFRASTRUCTURE_ERROR,
        status_evidence=message,
        directory=str(folder.relative_to(directory)),
    )
    progress.stage_finished(evidence)
    return evidence


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
