"""Whether the evaluation script runs, and whether it asks W&B for what it needs."""

from __future__ import annotations

from dataclasses import replace

from runner.evaluation_facts import RESULTS, Evaluation
from runner.evidence import Evidence, FilesFacts
from runner.review import Traceback
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.diagnosis import Diagnosis, Scene, diagnose_traceback
from runner.rules.evaluated import (
    MADE_UP,
    SCRIPT,
    base_of,
    evaluation_draft,
    evidence_of,
    facts_of,
    line_of,
    variants_of,
)
from runner.rules.evaluation_keys import logged_elsewhere, missed_names
from runner.rules.failures import failures
from runner.vocabulary import Blame, Cause, Confidence, CriterionOutcome, StageName, Status

RUNS = "evaluate.runs"
_NAMES = (Cause.IMPORT_NAME, Cause.PACKAGING)
"""Causes that no number has."""
_CALLS = (
    "unexpected keyword argument",
    "required positional argument",
    "multiple values for",
    "positional arguments but",
)
_LEFT_BY_TRAINING = (
    " The script looks for what training may leave in the results directory; what it needs is to come from W&B, and "
    "only the folders of full mode were there."
)


@decides(RUNS)
def runs(case: Case) -> Judgement:
    evidence, base, facts = evidence_of(case), base_of(case), facts_of(case)
    if evidence is None or base is None or facts is None:
        return not_exercised(missing_stage(case, StageName.EVALUATE))
    if base.words != "key=value":
        behind = [] if base.status is Status.OK else list(_end(case, evidence, base).drafts)
        return judged([_refusal(case, facts.evaluations[0], base), *behind])
    return _end(case, evidence, base)


def _end(case: Case, evidence: Evidence, base: Evaluation) -> Judgement:
    """How one run of the command ended."""
    if base.status is Status.OK:
        made_up = any(run.origin != "logged" for run in base.runs)
        return passed("in part on made-up numbers" if made_up else "")
    if missed_names(case):
        return Judgement(CriterionOutcome.FAIL, why="stopped by a metric name that training never logs")
    known = _known_from_import(case, base.traceback)
    if known is not None:
        return Judgement(CriterionOutcome.FAIL, why=f"stopped by: {known.message}")
    return judged([_crash(case, evidence, base)])


def _known_from_import(case: Case, traceback: Traceback | None) -> Draft | None:
    """The finding of compose that stops the script as well."""
    if traceback is None:
        return None
    same = (draft for draft in failures(case) if draft.stage is StageName.COMPOSE and draft.file == traceback.file)
    return next((draft for draft in same if draft.line == traceback.line), None)


def _crash(case: Case, evidence: Evidence, base: Evaluation) -> Draft:
    """Why the command failed, and whose doing it is."""
    traceback = base.traceback
    if base.status is not Status.FAILED:
        return evaluation_draft(
            RUNS,
            f"The evaluation script was ended: {base.status_evidence or base.status}.",
            cause=Cause.RESOURCE_LIMIT,
            blame=Blame.INFRASTRUCTURE,
            seen=base.stderr_tail[-1500:],
        )
    if traceback is None or traceback.type == "SystemExit":
        return _said(case, base)
    scene = Scene(traceback, evidence.hub)  # the script is given no GPU
    diagnosis = diagnose_traceback(scene)
    blame, why, confidence = _whose(case, base, scene, diagnosis)
    cause = diagnosis.cause if diagnosis.cause in (*_NAMES, Cause.HYDRA_CONFIG, Cause.HUB_ASSET) else Cause.EVALUATE
    draft = evaluation_draft(
        RUNS,
        f"{traceback.type}: {_one_line(traceback.message)} (evaluation of all run ids).{why}",
        line=traceback.line,
        cause=cause,
        blame=blame,
        confidence=confidence,
        seen=_frames(traceback),
        root=(traceback.type, traceback.file or "", str(traceback.line)),
    )
    return replace(draft, file=traceback.file)


def _whose(case: Case, base: Evaluation, scene: Scene, diagnosis: Diagnosis) -> tuple[Blame, str, Confidence]:
    """Whose doing a traceback is, what to say of it, and how sure that is."""
    if diagnosis.blame is not Blame.SUBMISSION:
        return diagnosis.blame, f" {diagnosis.advice}".rstrip(), Confidence.OBSERVED
    if scene.traceback.type.startswith("wandb.") or "wandb" in scene.libraries_called():
        return _refused_by_wandb(case, base, scene)
    again = [other for other in variants_of(case) if _same(other, base)]
    sure = Confidence.CONFIRMED if again else Confidence.OBSERVED
    if diagnosis.cause in _NAMES or (scene.type == "TypeError" and scene.says(*_CALLS)):
        return Blame.SUBMISSION, f" {diagnosis.advice}".rstrip(), sure
    if scene.type in ("FileNotFoundError", "FileExistsError") and f"/{RESULTS}/" in scene.message:
        return Blame.INFRASTRUCTURE, _LEFT_BY_TRAINING, Confidence.OBSERVED
    if not any(asked.history or asked.summary for asked in base.asked):
        return Blame.SUBMISSION, _words_hint(scene), sure
    if any(run.origin != "logged" for run in base.runs):
        return Blame.ASSETS, f" Not held against it: {MADE_UP}.", Confidence.OBSERVED
    if scene.type == "KeyError" and logged_elsewhere(case, scene.message):
        late = " Training may log it later than full mode was let run, or for another run."
        return Blame.ASSETS, late, Confidence.OBSERVED
    if _asks_for_artifacts(case):
        lost = " It asks W&B for artifacts, which are not carried over from full mode."
        return Blame.ASSETS, lost, Confidence.OBSERVED
    if not again:
        few = " Seen only on the few rows of a full run cut short, not on more: it may be for want of them."
        return Blame.ASSETS, few, Confidence.OBSERVED
    return Blame.SUBMISSION, "", Confidence.CONFIRMED


def _asks_for_artifacts(case: Case) -> bool:
    text = case.submission.files.get(SCRIPT, "")
    return any(word in text for word in ("artifact(", "artifacts(", "use_artifact"))


def _words_hint(scene: Scene) -> str:
    if "run_ids=" in scene.message or scene.type == "JSONDecodeError":
        return " The command gives results_dir=... and run_ids=... as key=value words."
    return ""


def _refused_by_wandb(case: Case, base: Evaluation, scene: Scene) -> tuple[Blame, str, Confidence]:
    """A run that is asked for under another path than the configuration's is the script's mistake."""
    files = next((e.facts for e in case.of(StageName.FILES) if isinstance(e.facts, FilesFacts)), None)
    named = files.wandb if files is not None else {}
    where = f"{named.get('entity')}/{named.get('project')}/"
    if base.mock_problem:
        return Blame.INFRASTRUCTURE, f" The W&B stand-in failed: {base.mock_problem}.", Confidence.OBSERVED
    sought = scene.says("Could not find run", "not found", "Could not find project")
    if sought and named.get("entity") and named.get("project") and where not in scene.message:
        return (
            Blame.SUBMISSION,
            f" The runs are in {where.rstrip('/')}, as config/config.yaml says.",
            Confidence.OBSERVED,
        )
    return Blame.ASSETS, " The W&B stand-in did not have what was asked for.", Confidence.OBSERVED


def _refusal(case: Case, exact: Evaluation, base: Evaluation) -> Draft:
    """The checklist's words were refused, and others taken."""
    tail = exact.stderr_tail.strip()
    ways = {"flags": "--results_dir and --run_ids", "positional": "two positional words"}
    message = (
        "The evaluation script does not take results_dir=... and run_ids=... as key=value words "
        f"({_one_line(tail.splitlines()[-1] if tail else '')}); it reads {ways.get(base.words, base.words)}. Take the "
        'words of sys.argv[1:] apart at "=".'
    )
    line = line_of(case, "--run_ids") or line_of(case, "run_ids")
    return evaluation_draft(
        RUNS, message, line=line, seen=tail[-1500:], confidence=Confidence.CONFIRMED, root=("evaluation words",)
    )


def _said(case: Case, base: Evaluation) -> Draft:
    """A command that ended itself: by refusing its words, or with a message of its own."""
    tail = base.stderr_tail.strip()
    last = tail.splitlines()[-1] if tail else "nothing"
    if base.exit_code == 2 and ("usage:" in tail or "error:" in last):
        message = (
            "The evaluation script refuses results_dir=... and run_ids=... as key=value words: "
            f"{_one_line(last)}. They have to be taken as they are, without dashes."
        )
        return evaluation_draft(RUNS, message, line=None, seen=tail[-1500:], confidence=Confidence.CONFIRMED)
    again = all(_same(other, base) for other in variants_of(case))
    unread = not any(asked.history or asked.summary for asked in base.asked)
    logged = all(run.origin == "logged" for run in base.runs)
    ours = not (unread or (logged and again))
    if f"/{RESULTS}/" in last:
        message = f"The evaluation script ended with exit code {base.exit_code} and said: {_one_line(last)}"
        return evaluation_draft(RUNS, message + _LEFT_BY_TRAINING, blame=Blame.INFRASTRUCTURE, seen=tail[-1500:])
    return evaluation_draft(
        RUNS,
        f"The evaluation script ended with exit code {base.exit_code} and said: {_one_line(last)}"
        + (f" Not held against it: {MADE_UP}." if ours else ""),
        blame=Blame.ASSETS if ours else Blame.SUBMISSION,
        seen=tail[-1500:],
    )


def _same(one: Evaluation, other: Evaluation) -> bool:
    """Whether both failed in the same way at the same place."""
    if one.status is not Status.FAILED or one.exit_code != other.exit_code:
        return False
    a, b = one.traceback, other.traceback
    if a is None or b is None:
        return a is b
    return (a.type, a.file, a.line) == (b.type, b.file, b.line)


@decides("evaluate.reads_wandb")
def reads_wandb(case: Case) -> Judgement:
    """History, summary and config of each run id, as the W&B server itself saw them asked for."""
    base = base_of(case)
    if base is None:
        return not_exercised(missing_stage(case, StageName.EVALUATE))
    if base.mock_problem:
        message = f"The W&B stand-in failed while the evaluation script ran: {base.mock_problem}"
        ours = Blame.INFRASTRUCTURE
        return judged([evaluation_draft("evaluate.reads_wandb", message, cause=Cause.WANDB, blame=ours)])
    asked = [item for item in base.asked if item.run_id in case.run_ids]
    if asked and all(item.history and item.summary and item.config for item in asked):
        return passed()
    if base.status is not Status.OK:
        return not_exercised("the evaluation script did not run to its end")
    drafts = []
    for item in asked:
        parts = [part for part in ("history", "summary", "config") if not getattr(item, part)]
        if len(parts) == 3:
            message = f"The evaluation script asks W&B nothing about run {item.run_id}."
        else:
            message = f"The evaluation script does not ask W&B for the {' and '.join(parts)} of run {item.run_id}."
        if parts:
            drafts.append(evaluation_draft("evaluate.reads_wandb", message, run_id=item.run_id))
    return judged(joined_runs(case, drafts))


def joined_runs(case: Case, drafts: list[Draft]) -> list[Draft]:
    """The same of every run id as one finding."""
    groups: dict[tuple[str, ...], list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.root, []).append(draft)
    found: list[Draft] = []
    for group in groups.values():
        every = {draft.run_id for draft in group} >= set(case.run_ids) and len(case.run_ids) > 1
        first = group[0]
        shared = replace(first, run_id=None, message=first.message.replace(first.run_id or "\0", "{run_id}"))
        found += [shared] if every else group
    return found


def _frames(traceback: Traceback) -> str:
    lines = [
        f"{frame.file}:{frame.line} in {frame.function}: {frame.source}".rstrip(": ")
        for frame in [f for f in traceback.frames if f.in_submission][-4:]
    ]
    return "\n".join([*lines, f"{traceback.type}: {traceback.message[:2000]}"])


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]
