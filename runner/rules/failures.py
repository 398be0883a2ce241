"""The failures of a review, each once: what compose met and a trial met again is one failure, seen twice."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from runner.evidence import ComposeFacts, Composition, Evidence
from runner.review import Traceback
from runner.rules.base import Case, Draft
from runner.rules.diagnosis import Diagnosis, Scene, diagnose_traceback
from runner.rules.idle import failure_of, hidden_failure
from runner.rules.launchers import started_at
from runner.rules.merging import merge
from runner.rules.missing_keys import further_missing
from runner.rules.second_look import looked_again
from runner.vocabulary import Blame, Cause, StageName, Status

_LIMITS = {
    Status.TIMEOUT: ("mode.trial_time", "was stopped at its time limit"),
    Status.OUT_OF_MEMORY: ("mode.trial_memory", "was stopped at its memory limit"),
    Status.GPU_OUT_OF_MEMORY: ("mode.trial_memory", "ran out of GPU memory"),
    Status.DISK_FULL: ("implementation.trial_completes", "was stopped at its disk limit"),
    Status.OUTPUT_LIMIT: ("implementation.trial_completes", "printed more than the output limit"),
    Status.PROCESS_LIMIT: ("implementation.trial_completes", "was refused another process"),
}


FAR_BEYOND_TRIAL = 50
"""Backward passes; a trial may have two batches, and no usual accumulation makes fifty of them."""


@lru_cache(maxsize=1)  # every rule about a failure asks; reviews are judged one after the other
def failures(case: Case) -> tuple[Draft, ...]:
    """Every failure of compose and trial, the same mistake once, earliest stage first."""
    composed = [*_import_failures(case), *_composition_failures(case)]
    settled = [draft for each in composed if (draft := _after_trials(case, each)) is not None]
    drafts = [_of_any_run(case, draft) for draft in [*settled, *_trial_failures(case)]]
    return tuple(merge(drafts, set(case.run_ids)))


def _of_any_run(case: Case, draft: Draft) -> Draft:
    """A mistake of the configuration, told without the run id that it happened to be seen with."""
    if not draft.root or draft.root[0] != "hydra":
        return draft
    text = draft.root[1]
    for run_id in sorted(case.run_ids, key=len, reverse=True):
        text = text.replace(run_id, "<run>")
    return replace(draft, root=("hydra", text))


def _after_trials(case: Case, draft: Draft) -> Draft | None:
    """What compose met with small stand-ins, after trials met it, too, and others with nearer assets did not."""
    beyond = [
        evidence
        for evidence in case.of(StageName.TRIAL)
        if any(_root(each) == draft.root and each.fidelity != evidence.fidelity for each in case.attempts(evidence))
        and _root(evidence) != draft.root
    ]
    if any(evidence.status in (Status.OK, Status.STOPPED_OVER_BUDGET) for evidence in beyond):
        return None
    return replace(draft, blame=Blame.ASSETS, confirmable=False) if beyond else draft


def _root(evidence: Evidence) -> tuple[str, ...]:
    trace = failure_of(evidence)
    return (trace.type, trace.file or "", str(trace.line)) if trace is not None else ()


def scene_of(case: Case, traceback: Traceback, evidence: Evidence) -> Scene:
    """What a diagnosis starts from."""
    replaced = case.environment is not None and case.environment.torch not in ("", "as resolved")
    return Scene(traceback, evidence.hub, case.gpus, replaced, case.submission.files.get("pyproject.toml", ""))


def _import_failures(case: Case) -> list[Draft]:
    found = []
    for evidence in case.of(StageName.COMPOSE):
        if not isinstance(evidence.facts, ComposeFacts):
            continue
        for failure in evidence.facts.import_failures:
            diagnosis = diagnose_traceback(scene_of(case, failure.traceback, evidence))
            if diagnosis.criterion == "implementation.trial_completes":
                diagnosis = replace(diagnosis, criterion="implementation.imports")
            found.append(draft_of(diagnosis, failure.traceback, evidence, f"importing {failure.module}"))
    return found


def _composition_failures(case: Case) -> list[Draft]:
    found = []
    for evidence in case.of(StageName.COMPOSE):
        if not isinstance(evidence.facts, ComposeFacts):
            continue
        for composition in evidence.facts.compositions:
            if composition.ok:
                continue
            trace = composition.exception
            if trace is not None and not trace.type.startswith(("hydra.", "omegaconf.")):
                diagnosis = diagnose_traceback(scene_of(case, trace, evidence))
                found.append(draft_of(diagnosis, trace, evidence, f"{composition.module} run={composition.run_id}"))
                continue
            first = composition.errors[0] if composition.errors else "no configuration was printed"
            found.append(
                Draft(
                    criterion="hydra.composes",
                    cause=Cause.HYDRA_CONFIG,
                    stage=StageName.COMPOSE,
                    run_id=composition.run_id,
                    file=f"{composition.module.replace('.', '/')}.py",
                    line=composition.line,
                    message=_composition_message(composition, first),
                    evidence="\n\n".join(composition.errors),
                    root=("hydra", _first_line(first)),
                )
            )
    return found


def _composition_message(composition: Composition, first: str) -> str:
    keys = ", ".join(f"{key}=" for key in composition.absent_keys)
    if keys and not composition.names_config:
        return (
            f"@hydra.main names no config_name, so no configuration is loaded and {keys} cannot be given on the "
            'command line. Add config_name="config".'
        )
    if keys:
        other = [error for error in composition.errors if "Could not override" not in error]
        also = f" Then: {_one_line(other[0])}" if other else ""
        return f"The configuration has no key for {keys} so the command line is refused.{also}"
    return f"The configuration does not compose: {_one_line(first)}"


def _trial_failures(case: Case) -> list[Draft]:
    found = []
    for evidence in case.of(StageName.TRIAL):
        hidden = hidden_failure(evidence)
        if hidden is not None:
            draft = _of_traceback(case, evidence, hidden)
            draft = replace(draft, message=f"{draft.message} The trial ended with exit code 0 all the same.")
            found.append(looked_again(draft, evidence, case.attempts(evidence)))
        if evidence.status in (Status.OK, Status.SKIPPED, Status.STOPPED_OVER_BUDGET):
            continue
        if evidence.status is Status.INFRASTRUCTURE_ERROR:
            found.append(_infrastructure(evidence))
        elif evidence.status in _LIMITS:
            found.append(_limit(case, evidence))
        elif evidence.traceback is not None:
            draft = _of_traceback(case, evidence, evidence.traceback)
            found.append(looked_again(draft, evidence, case.attempts(evidence)))
        else:
            found.append(silent(evidence, "The trial"))
    return found


def _of_traceback(case: Case, evidence: Evidence, traceback: Traceback) -> Draft:
    diagnosis = diagnose_traceback(scene_of(case, traceback, evidence))
    draft = draft_of(diagnosis, traceback, evidence, f"the trial of {evidence.run_id}")
    draft = replace(draft, message=draft.message + further_missing(case, traceback))
    place = started_at(case.submission.files, traceback.message) if draft.file is None else None
    return replace(draft, file=place[0], line=place[1]) if place is not None else draft


def draft_of(diagnosis: Diagnosis, traceback: Traceback, evidence: Evidence, where: str) -> Draft:
    """The finding that a diagnosis comes to; `where`, in words, is what was run."""
    hydra = diagnosis.criterion == "hydra.composes"
    place = (
        ("hydra", _first_line(traceback.message))
        if hydra
        else (traceback.type, traceback.file or "", str(traceback.line))
    )
    advice = f" {diagnosis.advice}" if diagnosis.advice else ""
    if evidence.bypasses:
        advice += f" Seen with a {evidence.bypasses[0]}."
    return Draft(
        criterion=diagnosis.criterion,
        cause=diagnosis.cause,
        blame=diagnosis.blame,
        stage=evidence.stage,
        run_id=evidence.run_id,
        file=traceback.file,
        line=traceback.line,
        message=f"{traceback.type}: {_one_line(traceback.message)} ({where}).{advice}",
        evidence=_frames(traceback),
        root=place,
        confirmable=not evidence.bypasses,
    )


def _infrastructure(evidence: Evidence) -> Draft:
    return Draft(
        criterion="implementation.trial_completes",
        cause=Cause.UNCLEAR,
        blame=Blame.INFRASTRUCTURE,
        stage=evidence.stage,
        run_id=evidence.run_id,
        message=f"The trial was ended by the infrastructure: {evidence.status_evidence}",
    )


def _limit(case: Case, evidence: Evidence) -> Draft:
    criterion, words = _LIMITS[evidence.status]
    # On a machine that is slower than the one the limit was made for, time alone proves nothing.
    slow = evidence.status is Status.TIMEOUT and not case.gpus and not _busy_beyond_trial(evidence)
    return Draft(
        criterion=criterion,
        cause=Cause.RESOURCE_LIMIT,
        blame=Blame.INFRASTRUCTURE if slow else Blame.SUBMISSION,
        stage=evidence.stage,
        run_id=evidence.run_id,
        message=f"The trial {words} ({evidence.status_evidence})."
        + (" Without a GPU this does not say that the code is too slow." if slow else ""),
        evidence=evidence.stderr_tail[-1500:],
        root=("limit", criterion),
    )


def _busy_beyond_trial(evidence: Evidence) -> bool:
    """Whether it had gone so far beyond one trial's work that a faster machine would not have helped."""
    work = getattr(evidence.facts, "work", {})
    return max(work.get("backward", 0), work.get("optimizer_steps", 0)) >= FAR_BEYOND_TRIAL


def silent(evidence: Evidence, what: str) -> Draft:
    """A failure of `what` that nothing explains."""
    crash = f"signal {evidence.signal}" if evidence.signal else f"exit code {evidence.exit_code}"
    return Draft(
        criterion="implementation.trial_completes",
        cause=Cause.UNCLEAR,
        # A crash in native code may be a build that we put in the place of another.
        blame=Blame.INFRASTRUCTURE if evidence.signal else Blame.SUBMISSION,
        stage=evidence.stage,
        run_id=evidence.run_id,
        message=f"{what} ended with {crash} and said nothing that explains it.",
        evidence=evidence.stderr_tail[-1500:],
        root=("silent", crash),
    )


def _frames(traceback: Traceback) -> str:
    lines = []
    for frame in [f for f in traceback.frames if f.in_submission][-4:]:
        lines.append(f"{frame.file}:{frame.line} in {frame.function}: {frame.source}".rstrip(": "))
    return "\n".join([*lines, f"{traceback.type}: {traceback.message[:2000]}"])


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
