"""What rules about the evaluation script share: its facts, and how far a run's numbers let it be accused.

What the script was given is not what a real run would have logged: a full run that was cut short has few rows, and
where there was none, its numbers and even its names are made up. So an output that is missing or empty is held
against the script only where the runs were really logged, where the same shows again on a variant with more rows, and
where it waits for no name that training logs later. What no number can cause (a name that does not exist, words that
are refused, a file that it never writes) is held against it in any case.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from runner.comparison import kind_of
from runner.evaluation_facts import EvaluateFacts, Evaluation
from runner.evidence import Evidence
from runner.metric_names import names_in
from runner.rules.base import Case, Draft, Judgement, missing_stage, not_exercised
from runner.source_text import python_module
from runner.vocabulary import Blame, Cause, Confidence, CriterionOutcome, StageName, Status

SCRIPT = "src/evaluate.py"
MADE_UP = "the numbers are made up, since full mode did not log them; real ones may show something else"


def evidence_of(case: Case) -> Evidence | None:
    """The evaluation's evidence, None where it did not run."""
    return next((e for e in case.of(StageName.EVALUATE) if isinstance(e.facts, EvaluateFacts)), None)


def facts_of(case: Case) -> EvaluateFacts | None:
    evidence = evidence_of(case)
    return evidence.facts if evidence is not None and isinstance(evidence.facts, EvaluateFacts) else None


def base_of(case: Case) -> Evaluation | None:
    """The evaluation of the runs as they are; with other words than the checklist's where those were refused."""
    facts = facts_of(case)
    found = [item for item in facts.evaluations if item.variant == "logged"] if facts is not None else []
    return found[-1] if found else None


def variants_of(case: Case) -> list[Evaluation]:
    """The evaluations of other runs, with the same words as `base_of`."""
    facts, base = facts_of(case), base_of(case)
    if facts is None or base is None:
        return []
    return [item for item in facts.evaluations if item.variant != "logged" and item.words == base.words]


def finished(case: Case) -> list[Evaluation]:
    """The evaluations that ended ok; the one of the runs as they are first."""
    base = base_of(case)
    return [item for item in (base, *variants_of(case)) if item is not None and item.status is Status.OK]


def unseen(case: Case) -> Judgement | None:
    """The judgement where no evaluation shows outputs; None where one does."""
    if facts_of(case) is None:
        return not_exercised(missing_stage(case, StageName.EVALUATE))
    if not finished(case):
        return not_exercised("the evaluation script did not run to its end")
    return None


def not_applicable(why: str) -> Judgement:
    return Judgement(CriterionOutcome.NOT_APPLICABLE, why=why)


def origin(evaluation: Evaluation, run_id: str) -> str:
    return next((run.origin for run in evaluation.runs if run.run_id == run_id), "made-up")


def doubt(case: Case, run_id: str | None = None) -> str:
    """Why something missing may be there or due to the runs that were served, "" where it is the script's own doing.

    `run_id`: of which run; None: of the comparison of all.
    """
    base = base_of(case)
    if base is None:
        return "it did not run"
    if base.cut:
        return "it wrote more files than were looked at"
    of = [run for run in base.runs if run_id in (None, run.run_id)]
    if any(run.origin != "logged" for run in of):
        return MADE_UP
    for run in of:
        waiting = _waiting_for(case) - {*run.history, *run.summary} - _configured(case)
        if waiting:
            return f"it also reads {sorted(waiting)[0]!r}, which training logs later than full mode was let run"
    return ""


@lru_cache(maxsize=2)
def _waiting_for(case: Case) -> frozenset[str]:
    """Names that both the script reads and training logs somewhere."""
    names = names_in(case.submission.tree())
    run_ids = case.submission.run_ids
    # "proposed" names a kind of run, not a metric.
    read = {name for name in _looked_up(case.submission.files.get(SCRIPT, "")) if not any(name in i for i in run_ids)}
    # A pattern with little that is fixed fits any word.
    patterns = [pattern for pattern in names.key_patterns if len(re.findall("[A-Za-z]", pattern)) >= 3]
    built = {name for name in read if any(re.fullmatch(pattern, name) for pattern in patterns)}
    return frozenset((read & {*names.logged, *names.summary, *names.keys}) | built)


def asked_with_default(case: Case) -> frozenset[str]:
    """Names that the script looks up by `get`, so that their absence goes unnoticed; constants are followed."""
    return _gets(case.submission.files.get(SCRIPT, ""))


@lru_cache(maxsize=8)
def _gets(text: str) -> frozenset[str]:
    module = python_module(text)
    if module is None:
        return frozenset()
    constants = {
        target.id: node.value.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: set[object] = set()
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=name), *_]):
                found.add(name)
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Name(id=name), *_]):
                found.add(constants.get(name))
    return frozenset(name for name in found if isinstance(name, str))


@lru_cache(maxsize=2)
def _configured(case: Case) -> frozenset[str]:
    """Words of the configuration: what a script reads there is no metric."""
    texts = [run.run_config for run in case.submission.runs]
    return frozenset(re.findall(r"(?m)^\s*-?\s*([\w.-]+)\s*:", "\n".join(texts)))


@lru_cache(maxsize=8)
def _looked_up(text: str) -> frozenset[str]:
    """Texts that a script looks something up by, or has in a list to do so; not those that it only writes."""
    module = python_module(text)
    if module is None:
        return frozenset()
    found: list[ast.expr | None] = []
    for node in ast.walk(module):
        match node:
            case ast.Subscript(slice=key, ctx=ast.Load()):
                found.append(key)
            case ast.Compare(left=key, ops=[ast.In() | ast.NotIn(), *_]):
                found.append(key)
            case ast.Call(func=ast.Attribute(attr="get"), args=[key, *_]):
                found.append(key)
            case ast.List(elts=several) | ast.Tuple(elts=several) | ast.Set(elts=several):
                found += several
            case ast.Assign(value=ast.Constant() as key):
                found.append(key)
    values = (node.value for node in found if isinstance(node, ast.Constant))
    return frozenset(value for value in values if isinstance(value, str) and 0 < len(value) <= 100)


def names_text(case: Case, text: str) -> bool:
    """Whether a text occurs in the script or in another file of src/ or config/ at all."""
    return any(text in content for path, content in case.submission.tree().items() if path.startswith(("src/", "conf")))


def line_of(case: Case, text: str) -> int | None:
    """The first line of the script that has a text, in quotation marks if there is one."""
    lines = case.submission.files.get(SCRIPT, "").splitlines()
    for wanted in (f'"{text}"', f"'{text}'", text):
        for number, line in enumerate(lines, start=1):
            if text and wanted in line:
                return number
    return None


def kinds(case: Case) -> dict[str, str]:
    """Run id -> proposed or baseline, for those of which it is clear."""
    found = {run.run_id: kind_of(run.run_id, {"method": run.method_name or ""}) for run in case.submission.runs}
    return {run_id: kind for run_id, kind in found.items() if kind is not None}


def compares(case: Case) -> str:
    """Why the script has nothing to compare, "" where it has."""
    if len(case.submission.run_ids) < 2:
        return "there is one run only, so nothing is compared"
    return ""


def evaluation_draft(
    criterion: str,
    message: str,
    *,
    run_id: str | None = None,
    line: int | None = None,
    cause: Cause = Cause.EVALUATE,
    blame: Blame = Blame.SUBMISSION,
    confidence: Confidence = Confidence.OBSERVED,
    seen: str = "",
    root: tuple[str, ...] = (),
) -> Draft:
    """A finding about the script."""
    return Draft(
        criterion=criterion,
        cause=cause,
        stage=StageName.EVALUATE,
        message=message,
        blame=blame,
        confidence=confidence,
        run_id=run_id,
        file=SCRIPT,
        line=line,
        evidence=seen,
        root=root or (criterion, message.replace(run_id, "<run>") if run_id else message),
    )
