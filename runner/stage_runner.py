"""Runs the stages of one round in order; every attempt is in a fresh sandbox and leaves its evidence."""

from __future__ import annotations

import contextlib
import itertools
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from runner.asset_sources import closer_looks
from runner.evidence import Evidence, writable
from runner.rules.attempts import deciding, may_be_a_stand_ins_doing, missed_a_gpu
from runner.rules.cut_effects import may_be_of_lowered
from runner.stages.compose import run_compose
from runner.stages.environment.stage import remove_environment, run_environment
from runner.stages.evaluate.stage import run_evaluate
from runner.stages.files.stage import run_files
from runner.stages.full import run_full
from runner.stages.trial import run_trial
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Progress, Workbench
from sandbox.errors import InfrastructureError
from sandbox.repository import AssetSource

_Run = Callable[[int, bool, float | None], Evidence]
"""Runs one attempt: its number, whether with the device stand-in, and its wall limit in seconds."""
PATIENCE = (60.0, 3.0)
"""A closer look may take so many seconds and so many times the first attempt's: true widths can be far slower."""


@dataclass
class StageRunner:
    """The stages of one review, over all its rounds. `close()` removes the environment."""

    bench: Workbench
    run_ids: list[str]
    stages: list[StageName]
    before_code: Callable[[Progress], str]
    """Waits for what must be ready before the submission's code runs; returns a problem, or ""."""
    closer: Mapping[str, AssetSource] = field(default_factory=dict)
    """Assets for a second look at what a stand-in may have caused, by their fidelity; nearest to the real ones last."""
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""
    _environment: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _installed: Installed | None = None
    _numbers: Counter[tuple[StageName, str | None]] = field(default_factory=Counter)
    _ran: dict[tuple[StageName, str | None], list[Evidence]] = field(default_factory=dict)
    """The attempts of every stage and run id, of the last round in which they ran."""
    _needs_device: bool = False
    """Whether the code was seen to want a GPU unasked; later attempts then have the stand-in from the start."""

    def run(self, submission: Submission, begins: StageName, step: int) -> Iterator[Evidence]:
        """The stages from `begins` on, on this copy of the submission; `step` is the number of its repairs."""
        self.bench.submission = submission
        for evidence in itertools.chain(self._stages(begins), self._evaluations()):
            told = evidence.model_copy(update={"step": step})
            known = self._ran.get((told.stage, told.run_id), [])
            self._ran[told.stage, told.run_id] = [*(e for e in known if e.step == step), told]
            yield told

    def close(self) -> None:
        self._environment.close()

    def _stages(self, begins: StageName) -> Iterator[Evidence]:
        order = list(StageName)
        todo = [stage for stage in self.stages if order.index(stage) >= order.index(begins)]
        if StageName.FILES in todo:
            yield self._timed(
                StageName.FILES, None, partial(run_files, self.bench, self._number(StageName.FILES, None))
            )
        if StageName.ENVIRONMENT in todo:
            yield self._timed(StageName.ENVIRONMENT, None, self._install)
        if self._installed is None:
            return
        problem = self.before_code(self.bench.progress)
        if StageName.COMPOSE in todo:
            yield from self._attempts(StageName.COMPOSE, None, self._compose)
        for run_id in self.run_ids if StageName.TRIAL in todo else ():
            if problem:
                # Every request would try to make them again, and fail again, minutes later.
                yield self._lost(StageName.TRIAL, run_id, problem)
            else:
                yield from self._attempts(StageName.TRIAL, run_id, partial(self._trial, run_id))
        for run_id in self.run_ids if StageName.FULL in todo else ():
            why = problem or self._not_full(run_id)
            if why:
                yield self.bench.not_run(
                    StageName.FULL, run_id, self._number(StageName.FULL, run_id), Status.SKIPPED, why
                )
            else:
                yield from self._attempts(StageName.FULL, run_id, partial(self._full, run_id))

    def _not_full(self, run_id: str) -> str:
        """Why full mode shows nothing that the run's trial did not, "" where it may; without a trial it may."""
        trials = self._ran.get((StageName.TRIAL, run_id), [])
        status = deciding(trials).status if trials else Status.OK
        return "" if status in (Status.OK, Status.STOPPED_OVER_BUDGET) else f"its trial ended with {status}"

    def _install(self) -> Evidence:
        self._environment.close()
        self._installed = None
        evidence, installed = run_environment(self.bench, self._number(StageName.ENVIRONMENT, None))
        if installed is not None:
            self._installed = installed
            self._environment.callback(remove_environment, installed)
        return evidence

    def _compose(self, number: int, device: bool, _: float | None) -> Evidence:
        assert self._installed is not None
        return run_compose(self.bench, self._installed, self.run_ids, number, device=device)

    def _trial(self, run_id: str, number: int, device: bool, wall_seconds: float | None) -> Evidence:
        assert self._installed is not None
        return run_trial(self.bench, self._installed, run_id, number, device=device, wall_seconds=wall_seconds)

    def _evaluations(self) -> Iterator[Evidence]:
        """The evaluation script runs whatever became of the experiment's runs, once there is an environment."""
        if StageName.EVALUATE in self.stages and self._installed is not None and self._goes_on():
            yield self._timed(StageName.EVALUATE, None, self._evaluate)

    def _evaluate(self) -> Evidence:
        assert self._installed is not None
        before = [deciding(attempts) for attempts in self._ran.values()]
        return run_evaluate(self.bench, self._installed, before, self._number(StageName.EVALUATE, None))

    def _full(
        self, run_id: str, number: int, device: bool, wall_seconds: float | None, *, as_written: bool = False
    ) -> Evidence:
        assert self._installed is not None
        return run_full(
            self.bench, self._installed, run_id, number, device=device, wall_seconds=wall_seconds, as_written=as_written
        )

    def _attempts(self, stage: StageName, run_id: str | None, run: _Run) -> Iterator[Evidence]:
        """One attempt; one with the device stand-in where it missed a GPU; one with the periods as written where full
        mode may have failed for their being lowered; others with assets nearer to the real."""
        settings = self.bench.settings
        device = not settings.gpu and (settings.device == "standin" or self._needs_device)
        attempts = [self._attempt(stage, run_id, run, device)]
        yield attempts[-1]
        if settings.device == "auto" and not device and self._goes_on() and missed_a_gpu(attempts[-1], settings.gpu):
            self._needs_device = device = True
            attempts = [self._attempt(stage, run_id, run, device)]
            yield attempts[-1]
        if stage not in (StageName.TRIAL, StageName.FULL):
            return
        patience = PATIENCE[0] + PATIENCE[1] * attempts[0].wall_seconds
        if run_id and self._goes_on() and may_be_of_lowered(attempts[0]):
            as_written = partial(self._full, run_id, as_written=True)
            attempts.append(self._attempt(stage, run_id, as_written, device, patience))
            yield attempts[-1]
        first = self.bench.assets
        for fidelity, source in closer_looks(self.closer, first, attempts[0]):
            if not self._goes_on() or not may_be_a_stand_ins_doing(deciding(attempts), settings.gpu):
                break
            self.bench.progress.stage_note(f"again with {source.name}")
            self.bench.assets = source
            closer = self._attempt(stage, run_id, run, device, patience)
            attempts.append(closer.model_copy(update={"fidelity": fidelity}))
            self.bench.assets = first
            yield attempts[-1]

    def _attempt(
        self, stage: StageName, run_id: str | None, run: _Run, device: bool, wall_seconds: float | None = None
    ) -> Evidence:
        return self._timed(stage, run_id, lambda: run(self._number(stage, run_id), device, wall_seconds))

    def _goes_on(self) -> bool:
        return not self.bench.cancel.is_set()

    def _number(self, stage: StageName, run_id: str | None) -> int:
        self._numbers[stage, run_id] += 1
        return self._numbers[stage, run_id]

    def _timed(self, stage: StageName, run_id: str | None, run: Callable[[], Evidence]) -> Evidence:
        started = time.monotonic()
        try:
            return writable(run())
        except InfrastructureError as error:
            return self._lost(stage, run_id, str(error))
        except Exception as error:
            # A mistake of this program: it costs this attempt, not the review.
            evidence = self._lost(stage, run_id, _failure(error))
            lines = "".join(traceback.format_exception(error))
            path = self.bench.directory / evidence.directory / "failure.txt"
            path.write_text(lines, encoding="utf-8", errors="backslashreplace")
            return evidence
        finally:
            self.phases[stage] = self.phases.get(stage, 0.0) + time.monotonic() - started

    def _lost(self, stage: StageName, run_id: str | None, message: str) -> Evidence:
        """An attempt that our side could not carry out."""
        number = max(1, self._numbers[stage, run_id])
        return self.bench.not_run(stage, run_id, number, Status.INFRASTRUCTURE_ERROR, message)


def _failure(error: Exception) -> str:
    """What failed in this program, in words: the exception's type and where it was raised."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"sandbox-review itself failed: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
