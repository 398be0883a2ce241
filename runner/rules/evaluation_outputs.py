"""What evaluation writes for each run and for their comparison: metrics, figures, their names, a test."""

from __future__ import annotations

import re

from runner.evaluation_facts import Document, Evaluation, Figure
from runner.rules.base import Case, Draft, Judgement, decides, judged, not_exercised, passed
from runner.rules.evaluated import (
    base_of,
    compares,
    doubt,
    evaluation_draft,
    finished,
    line_of,
    names_text,
    not_applicable,
    unseen,
)
from runner.rules.evaluation import joined_runs
from runner.vocabulary import Confidence

COMPARISON = "comparison"


@decides("evaluate.run_metrics")
def run_metrics(case: Case) -> Judgement:
    if (missing := unseen(case)) is not None:
        return missing
    drafts: list[Draft] = []
    doubts: list[str] = []
    for run_id in case.run_ids:
        problems = [_metrics_problem(evaluation, run_id) for evaluation in finished(case)]
        if not problems[0]:
            continue
        reason = "" if _certain(case, problems) else doubt(case, run_id) or _logged_nan(case, problems, run_id)
        if not reason and not all(problems):
            reason = "with more rows it is there"
        if reason:
            doubts.append(f"{problems[0]}; {reason}")
        else:
            drafts.append(
                evaluation_draft(
                    "evaluate.run_metrics",
                    f"{problems[0]}.",
                    run_id=run_id,
                    line=line_of(case, "metrics.json"),
                    confidence=Confidence.CONFIRMED if len(problems) > 1 else Confidence.OBSERVED,
                )
            )
    return _outcome(case, drafts, doubts)


def _metrics_problem(evaluation: Evaluation, run_id: str) -> str:
    path = f"{run_id}/metrics.json"
    found = next((document for document in evaluation.documents if document.path == path), None)
    if found is None:
        return f"{{results_dir}}/{path} is not written"
    return f"{{results_dir}}/{path} is not valid JSON: {found.problem}" if found.problem else ""


def _logged_nan(case: Case, problems: list[str], run_id: str) -> str:
    """A NaN in the file that was logged as one, which numbers of a stand-in may be."""
    base = base_of(case)
    logged = [name for run in base.runs if run.run_id == run_id for name in run.not_numbers] if base else []
    return f"full mode itself logged no number as {logged[0]!r}" if logged and "no JSON value" in problems[0] else ""


def _certain(case: Case, problems: list[str]) -> bool:
    """Whether no number can be the reason: the file is named nowhere, or holds what is no JSON by its form."""
    if "is not written" in problems[0]:
        return not names_text(case, "metrics.json") and not names_text(case, "metrics")
    return "is no JSON value" not in problems[0]


@decides("evaluate.run_figures")
def run_figures(case: Case) -> Judgement:
    if (missing := unseen(case)) is not None:
        return missing
    drafts: list[Draft] = []
    doubts: list[str] = []
    for run_id in case.run_ids:
        problems = [_figures_problem(_of_run(evaluation, run_id), f"Run {run_id}") for evaluation in finished(case)]
        _judge_figures(case, "evaluate.run_figures", problems, run_id, drafts, doubts)
        doubts += _unopened(_of_run(finished(case)[0], run_id))
    figures = [figure for run_id in case.run_ids for figure in _of_run(finished(case)[0], run_id)]
    return _outcome(case, drafts, doubts, _without_text(figures))


@decides("evaluate.comparison_figures")
def comparison_figures(case: Case) -> Judgement:
    if (missing := unseen(case)) is not None:
        return missing
    if reason := compares(case):
        return not_applicable(reason)
    drafts: list[Draft] = []
    doubts: list[str] = []
    problems = [_figures_problem(_of_comparison(evaluation), "The comparison") for evaluation in finished(case)]
    _judge_figures(case, "evaluate.comparison_figures", problems, None, drafts, doubts)
    figures = _of_comparison(finished(case)[0])
    doubts += _unopened(figures)
    return _outcome(case, drafts, doubts, _without_text(figures))


def _judge_figures(
    case: Case, criterion: str, problems: list[str], run_id: str | None, drafts: list[Draft], doubts: list[str]
) -> None:
    if not problems[0]:
        return
    reason = doubt(case, run_id)
    if not reason and not all(problems):
        reason = "with more rows it is not so"
    if reason:
        doubts.append(f"{problems[0]}; {reason}")
        return
    confidence = Confidence.CONFIRMED if len(problems) > 1 else Confidence.OBSERVED
    line = _line_of_figure(case, problems[0])
    drafts.append(evaluation_draft(criterion, f"{problems[0]}.", run_id=run_id, line=line, confidence=confidence))


def _figures_problem(figures: list[Figure], whose: str) -> str:
    """What is wrong with the figures of a run or of the comparison, "" if nothing is."""
    if not figures:
        return f"{whose} has no figure"
    broken = next((figure for figure in figures if figure.problem), None)
    if broken is not None:
        return f"The figure {broken.path} cannot be read: {broken.problem}"
    blank = next((figure for figure in figures if figure.opened and figure.blank), None)
    return f"The figure {blank.path} is blank: nothing is drawn on it" if blank is not None else ""


def _without_text(figures: list[Figure]) -> str:
    """Which PDFs have a drawing and no word: told, not judged, since labels may be drawn as shapes or pixels.

    Other formats are left alone: images have no text, and matplotlib draws an SVG's as shapes.
    """
    drawn = [figure for figure in figures if figure.opened and not (figure.problem or figure.blank or figure.text)]
    bare = [figure.path for figure in drawn if figure.path.lower().endswith(".pdf")]
    return f"without any text, so maybe without labels: {', '.join(bare[:5])}" if bare else ""


def _unopened(figures: list[Figure]) -> list[str]:
    """Why the figures are not known to be good: one was not looked at, in no format."""
    stems = {figure.path.rpartition(".")[0] for figure in figures if figure.opened}
    closed = (figure.path for figure in figures if figure.path.rpartition(".")[0] not in stems)
    return [f"the figure {path} was not opened: too large, too many, too slow, or of another kind" for path in closed]


def _line_of_figure(case: Case, problem: str) -> int | None:
    """Where a figure's topic stands in the script."""
    found = re.search(r"figure \S*?_(\w+)\.\w+ ", problem)
    return line_of(case, found[1]) if found else None


def _of_run(evaluation: Evaluation, run_id: str) -> list[Figure]:
    return [figure for figure in evaluation.figures if _owner(figure.path, [run_id]) == run_id]


def _of_comparison(evaluation: Evaluation) -> list[Figure]:
    run_ids = [run.run_id for run in evaluation.runs]
    return [figure for figure in evaluation.figures if _owner(figure.path, run_ids) == COMPARISON]


def _owner(path: str, run_ids: list[str]) -> str:
    """The run that a figure belongs to, or `comparison`, by its folder or the beginning of its name; "" for neither."""
    *folders, name = path.split("/")
    for owner in [*sorted(run_ids, key=len, reverse=True), COMPARISON]:
        if owner in folders or (name.startswith(owner) and not folders):
            return owner
    return COMPARISON if name.startswith(COMPARISON) else ""


@decides("evaluate.figure_names")
def figure_names(case: Case) -> Judgement:
    if (missing := unseen(case)) is not None:
        return missing
    evaluation = finished(case)[0]
    run_ids = [run.run_id for run in evaluation.runs]
    if not evaluation.figures:
        return not_exercised("no figure was written")
    named = {figure.path for figure in evaluation.figures if _well_named(figure.path, run_ids)}
    stems = {path.rpartition(".")[0] for path in named}
    # A second format beside a PDF of the right name is nobody's loss.
    wrong = [f.path for f in evaluation.figures if f.path not in named and f.path.rpartition(".")[0] not in stems]
    shared: dict[str, str] = {}
    for path in wrong:
        shared.setdefault(_without_runs(path, run_ids), path)
    return judged(
        evaluation_draft(
            "evaluate.figure_names",
            f"The figure {path} is to be named {{run_id}}_<topic>.pdf, or comparison_<topic>.pdf.",
            line=line_of(case, path.rpartition("/")[2].rpartition("_")[2].rpartition(".")[0]),
            root=("figure name", shape),
        )
        for shape, path in list(shared.items())[:10]
    )


def _well_named(path: str, run_ids: list[str]) -> bool:
    name = path.rpartition("/")[2]
    owners = [*run_ids, COMPARISON]
    return any(re.fullmatch(rf"{re.escape(owner)}_.+\.pdf", name) for owner in owners)


def _without_runs(path: str, run_ids: list[str]) -> str:
    for run_id in sorted(run_ids, key=len, reverse=True):
        path = path.replace(run_id, "<run>")
    return path


@decides("evaluate.significance")
def significance(case: Case) -> Judgement:
    if (missing := unseen(case)) is not None:
        return missing
    if reason := compares(case):
        return not_applicable(reason)
    if any(evaluation.significance for evaluation in finished(case)):
        return passed()
    if any(evaluation.unread for evaluation in finished(case)):
        return not_exercised("a file that it wrote was too large to be read")
    if reason := doubt(case):
        return not_exercised(reason)
    return judged(
        [evaluation_draft("evaluate.significance", "No test of significance of the difference is written.")],
    )


def document(evaluation: Evaluation, path: str) -> Document | None:
    """A JSON file by its path below the results directory."""
    return next((found for found in evaluation.documents if found.path == path), None)


def _outcome(case: Case, drafts: list[Draft], doubts: list[str], why: str = "") -> Judgement:
    """`why`: what to say beside a pass."""
    if drafts:
        return judged(joined_runs(case, drafts))
    return not_exercised(doubts[0]) if doubts else passed(why)
