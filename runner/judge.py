"""From evidence to the answer: rules make drafts, drafts become findings, findings decide the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runner import __version__
from runner.evidence import Evidence, ExperimentFacts
from runner.repairs.base import Repair, identity
from runner.reports.code_issue import INCONCLUSIVE, code_issue
from runner.reports.text import one_line
from runner.review import (
    AssetUse,
    ChecklistItem,
    Environment,
    Finding,
    RepairStep,
    Review,
    StageResult,
    SubmissionInfo,
    Timings,
)
from runner.rounds import Round, Seen, helped, joined, own_evidence
from runner.rules.aggregated import evaluation_result
from runner.rules.base import Case, Draft
from runner.rules.checkpoints import checkpoints_elsewhere
from runner.rules.claims import judge_claims
from runner.rules.cut_effects import cut_short
from runner.rules.idle import model_calls
from runner.rules.probed import contradicted
from runner.vocabulary import (
    Blame,
    Provided,
    Severity,
    StageName,
    Status,
    Verdict,
)

_ORDER = list(StageName)


def judge(rounds: Sequence[Round], stages: Sequence[StageName], environment: Environment, timings: Timings) -> Review:
    """Judge the evidence. `stages` are those that were asked for; runs nothing and reads no file."""
    case = rounds[0].case
    judgements, seen = joined(rounds, stages)
    findings, ids = _findings(case, seen)
    checklist = [
        ChecklistItem(
            criterion=name,
            section=case.checklist.criteria[name].section,
            outcome=judgement.outcome,
            findings=[ids[identity(draft)] for draft in judgement.drafts],
            why=judgement.why,
        )
        for name, judgement in judgements.items()
    ]
    attempts = _attempts(rounds)
    verdict = _verdict(case, stages, findings)
    outcomes = {name: judgement.outcome for name, judgement in judgements.items()}
    return Review(
        tool_version=__version__,
        submission=SubmissionInfo(
            id=case.submission.id,
            digest=case.submission.digest,
            source=case.submission.source,
            created_at=case.submission.created_at,
            run_ids=list(case.run_ids),
        ),
        verdict=verdict,
        is_code_ready=verdict is Verdict.READY,
        code_issue=_issue(case, stages, verdict, findings),
        findings=findings,
        checklist=checklist,
        stages=[_stage_result(evidence, rounds[-1].repairs) for evidence in attempts],
        # A round that the review's time cuts has none; what an earlier one showed is still shown.
        evaluation=next((shown for item in reversed(rounds) if (shown := evaluation_result(item.case))), None),
        assets=_assets(attempts),
        environment=environment,
        timings=timings,
        repairs=_repairs(rounds, ids),
        claims=judge_claims(rounds[-1].case, outcomes, findings),
    )


def _attempts(rounds: Sequence[Round]) -> list[Evidence]:
    """Every attempt once: a round's case also holds what it took over from earlier ones."""
    return list({evidence.directory: evidence for item in rounds for evidence in item.case.evidence}.values())


def _repairs(rounds: Sequence[Round], ids: Mapping[str, str]) -> list[RepairStep]:
    steps = []
    for number, item in enumerate(rounds[1:], start=1):
        repair = item.repairs[-1]
        own = own_evidence(rounds, number)
        past = helped(rounds, number)
        reached = f"{own[-1].stage} {own[-1].run_id or ''}".strip() + f": {own[-1].status}" if own else ""
        steps.append(
            RepairStep(
                step=number,
                kind=repair.kind,
                what=repair.what,
                helped=past,
                over=[ids[repair.over]] if past and repair.over in ids else [],
                files=sorted(repair.files),
                reached=reached,
            )
        )
    return steps


def _findings(case: Case, seen: Sequence[Seen]) -> tuple[list[Finding], dict[str, str]]:
    """Blocking ones first, then what shows without a repair, then in the order in which the stages met them."""
    order = sorted(
        seen,
        key=lambda item: (
            item.draft.blame is not Blame.SUBMISSION,
            _severity(case, item.draft),
            len(item.behind),
            _rank(item.draft),
        ),
    )
    ids = {identity(item.draft): f"F{number}" for number, item in enumerate(order, start=1)}
    return [_finding(case, item, ids) for item in order], ids


def _finding(case: Case, item: Seen, ids: Mapping[str, str]) -> Finding:
    draft, criterion = item.draft, case.checklist.criteria[item.draft.criterion]
    return Finding(
        id=ids[identity(draft)],
        criterion=draft.criterion,
        section=criterion.section,
        severity=criterion.severity,
        cause=draft.cause,
        blame=draft.blame,
        confidence=draft.confidence,
        stage=draft.stage,
        run_id=draft.run_id,
        file=draft.file,
        line=draft.line,
        message=draft.message,
        evidence=draft.evidence,
        behind=[ids[over] for over in item.behind if over in ids],
    )


def _severity(case: Case, draft: Draft) -> bool:
    return case.checklist.criteria[draft.criterion].severity is Severity.ADVISORY


def _rank(draft: Draft) -> int:
    return _ORDER.index(draft.stage)


def _verdict(case: Case, stages: Sequence[StageName], findings: Sequence[Finding]) -> Verdict:
    """not_ready on a blocking finding that is the submission's; ready only if every stage asked for gave its facts, and
    nothing contradicts them."""
    if any(f.severity is Severity.BLOCKING and f.blame is Blame.SUBMISSION for f in findings):
        return Verdict.NOT_READY
    if any(f.blame is not Blame.SUBMISSION for f in findings) or _unfinished(case, stages):
        return Verdict.INCONCLUSIVE
    return Verdict.READY


def _unfinished(case: Case, stages: Sequence[StageName]) -> list[str]:
    """Stages asked for that did not give their facts, or whose facts are disputed, in words."""
    words = []
    for stage in stages:
        attempts = case.of(stage)
        expected = len(case.run_ids) if stage in (StageName.TRIAL, StageName.FULL) else 1
        if len(attempts) < expected:
            words.append(f"{stage} did not run")
        elif any(not _gave_facts(e) for e in attempts) and stage is not StageName.FILES:
            bad = next(e for e in attempts if not _gave_facts(e))
            words.append(f"{stage} ended with {bad.status}: {bad.status_evidence}")
        doubts = dict.fromkeys(filter(None, map(contradicted, attempts)))
        words += [f"{stage}: {one_line(doubt, 400)}" for doubt in doubts]
    return words


def _gave_facts(evidence: Evidence) -> bool:
    """Whether an attempt came as far as its stage is to come; full mode may be ended by its limit while it trains."""
    trains = evidence.stage is StageName.FULL and evidence.status is Status.TIMEOUT and model_calls(evidence) > 0
    return evidence.status is Status.OK or trains


def _issue(case: Case, stages: Sequence[StageName], verdict: Verdict, findings: list[Finding]) -> str:
    if verdict is Verdict.READY:
        return ""
    text = code_issue(findings)
    return text or INCONCLUSIVE + "; ".join(_unfinished(case, stages))


def _stage_result(evidence: Evidence, repairs: Sequence[Repair]) -> StageResult:
    work = evidence.facts.work if isinstance(evidence.facts, ExperimentFacts) else {}
    return StageResult(
        stage=evidence.stage,
        run_id=evidence.run_id,
        attempt=evidence.attempt,
        status=evidence.status,
        exit_code=evidence.exit_code,
        signal=evidence.signal,
        wall_seconds=evidence.wall_seconds,
        cpu_seconds=evidence.cpu_seconds,
        peak_memory_mb=evidence.peak_memory_mb,
        peak_gpu_memory_mb=evidence.peak_gpu_memory_mb,
        counters=work,
        traceback=evidence.traceback,
        outputs=[file.path for file in evidence.outputs],
        bypasses=[*(repair.what for repair in repairs[: evidence.step]), *evidence.bypasses],
        cut_short=cut_short(evidence),
        checkpoints_elsewhere=checkpoints_elsewhere(evidence),
        directory=evidence.directory,
    )


def _assets(evidence: Sequence[Evidence]) -> list[AssetUse]:
    uses: dict[tuple[str, str], AssetUse] = {}
    for request in (request for item in evidence for request in item.hub):
        key = (request.kind, request.id)
        old = uses.get(key)
        provided = request.provided if old is None or old.provided is Provided.MISSING else old.provided
        uses[key] = AssetUse(
            kind=request.kind,  # type: ignore[arg-type]
            id=request.id,
            provided=provided,
            inferred=request.inferred,
            requests=request.requests + (old.requests if old else 0),
        )
    return list(uses.values())
