"""Rules on the evaluation script, on constructed facts: what is held against it, what is not, and what stays open."""

from __future__ import annotations

from typing import Any

import pytest

from runner.comparison import direction_of, direction_of_name, kind_of
from runner.evaluation_facts import Document, EvaluateFacts, Evaluation, Figure, RunAsked, RunServed
from runner.evidence import Evidence
from runner.metric_names import names_in
from runner.review import Frame, Traceback
from runner.rules.base import Case, Judgement, all_rules
from runner.stages.evaluate import numbers
from runner.submissions.model import Hypothesis
from runner.vocabulary import StageName, Status
from tests.runner.rules_bench import case as bench_case

RUNS = ("proposed-a", "comparative-1-a")
SCRIPT = """\
import wandb
names = ["metrics.json", "aggregated_metrics.json"]
more = ["primary_metric", "metrics", "best_proposed", "best_baseline", "gap"]
"""
TRAIN = 'run.log({"train_loss": loss, "val_accuracy": accuracy})\nrun.summary["accuracy"] = accuracy\n'
HIGHER = Hypothesis(primary_metric="accuracy", expected_result="higher is better")
LOWER = Hypothesis(primary_metric="perplexity")


def comparison(proposed: float = 0.9, baseline: float = 0.8, given: Any = None, **changes: Any) -> Document:
    given = (proposed - baseline) / baseline * 100 if given is None else given
    content = {
        "primary_metric": "Accuracy",
        "metrics": {"accuracy": dict(zip(RUNS, (proposed, baseline), strict=True))},
        "best_proposed": {"run_id": RUNS[0], "value": proposed},
        "best_baseline": {"run_id": RUNS[1], "value": baseline},
        "gap": given,
    } | changes
    kept = {key: value for key, value in content.items() if value is not ...}
    return Document(path="comparison/aggregated_metrics.json", bytes=9, content=kept)


METRICS = [Document(path=f"{run_id}/metrics.json", bytes=2, content={}) for run_id in RUNS]
FIGURES = [
    *(Figure(path=f"{run_id}/{run_id}_curve.pdf", bytes=9, pages=1, text=5) for run_id in RUNS),
    Figure(path="comparison/comparison_bar.pdf", bytes=9, pages=1, text=5),
]


def evaluation(variant: str = "logged", origin: str = "logged", **fields: Any) -> Evaluation:
    served = [
        RunServed(run_id=run_id, origin=origin, history=["train_loss", "val_accuracy"], summary=["accuracy"])  # type: ignore[arg-type]
        for run_id in RUNS
    ]
    asked = [RunAsked(run_id=run_id, history=True, summary=True, config=True) for run_id in RUNS]
    values = {
        "status": Status.OK,
        "runs": served,
        "asked": asked,
        "calls": 4,
        "documents": [*METRICS, comparison()],
        "figures": FIGURES,
        "significance": True,
    } | fields
    return Evaluation(variant=variant, **values)  # type: ignore[arg-type]


def case(*evaluations: Evaluation, hypothesis: Hypothesis | None = HIGHER, script: str = SCRIPT, **facts: Any) -> Case:
    known = {"known_names": ["train_loss", "val_accuracy", "accuracy"], "name_patterns": ["test_.*"]}
    base = evaluations[0]
    made_up = [run.run_id for run in base.runs if run.origin != "logged"]
    evidence = Evidence(
        stage=StageName.EVALUATE,
        status=base.status,
        exit_code=0 if base.status is Status.OK else 1,
        facts=EvaluateFacts(evaluations=list(evaluations), made_up=made_up, **{**known, **facts}),
    )
    trials = [Evidence(stage=StageName.TRIAL, run_id=run_id, status=Status.OK) for run_id in RUNS]
    made = bench_case(*trials, evidence, files={"src/evaluate.py": script, "src/train.py": TRAIN})
    submission = made.submission.model_copy(update={"hypothesis": hypothesis})
    return Case(submission, made.checklist, made.evidence, made.run_ids)


def judged(criterion: str, *evaluations: Evaluation, **fields: Any) -> Judgement:
    return all_rules()[criterion](case(*evaluations, **fields))


def told(criterion: str, *evaluations: Evaluation, **fields: Any) -> str:
    judgement = judged(criterion, *evaluations, **fields)
    return " ".join([judgement.outcome, *sorted({draft.blame for draft in judgement.drafts})])


FAIL, UNSURE, PASS, OTHER = "fail submission", "not_exercised", "pass", "not_applicable"
EVALUATE = [name for name in all_rules() if name.startswith("evaluate.") and name not in (
    "evaluate.independent", "evaluate.training_draws_nothing"
)]  # fmt: skip


@pytest.mark.parametrize("criterion", [*EVALUATE, "wandb.keys_match_evaluation"])
def test_a_script_that_does_all_passes_and_one_that_did_not_run_is_not_judged(criterion: str) -> None:
    assert told(criterion, evaluation()) == PASS
    assert all_rules()[criterion](bench_case()).outcome == UNSURE


def crash(kind: str, message: str, source: str = "x = run.y", file: str = "src/evaluate.py") -> dict[str, Any]:
    frame = Frame(file=file, line=3, function="main", source=source, in_submission=True)
    traceback = Traceback(type=kind, message=message, file=file, line=3, frames=[frame])
    return {"status": Status.FAILED, "exit_code": 1, "traceback": traceback, "documents": [], "figures": []}


UNASKED = {"asked": [RunAsked(run_id=run_id) for run_id in RUNS]}


@pytest.mark.parametrize(
    ("origin", "ended", "again", "expected"),
    [
        ("made-up", crash("NameError", "name 'x' is not defined"), False, FAIL),
        ("made-up", crash("ValueError", "too few values"), True, "not_exercised assets"),
        ("made-up", {**crash("json.decoder.JSONDecodeError", "Expecting value"), **UNASKED}, True, FAIL),
        ("logged", crash("ValueError", "too few values"), False, "not_exercised assets"),
        ("logged", crash("ValueError", "too few values"), True, FAIL),
        ("logged", crash("FileNotFoundError", "'/workspace/evaluated/a/x.json'"), True, "not_exercised infrastructure"),
        ("logged", {"status": Status.TIMEOUT}, True, "not_exercised infrastructure"),
        ("logged", {"status": Status.FAILED, "exit_code": 2, "stderr_tail": "usage: e\ne: error: no --a"}, True, FAIL),
        ("made-up", {"status": Status.FAILED, "exit_code": 1, "stderr_tail": "no runs"}, True, "not_exercised assets"),
        ("logged", {"status": Status.FAILED, "exit_code": 1, "stderr_tail": "no runs"}, True, FAIL),
        (
            "logged",
            {"status": Status.FAILED, "exit_code": 1, "stderr_tail": "/workspace/evaluated/a: train first"},
            True,
            "not_exercised infrastructure",
        ),
        ("logged", crash("FileExistsError", "'/workspace/evaluated/a'"), True, "not_exercised infrastructure"),
        ("logged", crash("FileExistsError", "'/workspace/src'"), True, FAIL),
    ],
)
def test_whose_doing_an_end_is(origin: str, ended: dict[str, Any], again: bool, expected: str) -> None:
    more = evaluation("baseline-wins", origin, **(ended if again else {}))
    assert told("evaluate.runs", evaluation(origin=origin, **ended), more) == expected


def test_what_is_behind_words_that_are_refused_is_judged_too() -> None:
    exact = {"status": Status.FAILED, "exit_code": 2, "stderr_tail": "usage: e\ne: error: no --a", **UNASKED}
    refused = [evaluation(**exact), evaluation("baseline-wins", **exact)]
    taken = [evaluation(words="flags", documents=METRICS), evaluation("baseline-wins", words="flags")]
    assert told("evaluate.runs", *refused, *taken) == FAIL
    assert told("evaluate.run_metrics", *refused, *taken) == PASS
    assert told("evaluate.reads_wandb", *refused, *taken) == PASS
    assert told("evaluate.run_metrics", *refused) == UNSURE
    crashed = evaluation(words="flags", **crash("NameError", "name 'x' is not defined"))
    assert len(judged("evaluate.runs", *refused, crashed).drafts) == 2


@pytest.mark.parametrize(
    ("name", "origin", "expected"),
    [
        ("macro_f1", "logged", FAIL),
        ("macro_f1", "made-up", UNSURE),
        ("val_accuracy", "logged", UNSURE),
        ("test_f1", "logged", UNSURE),
        ("_step", "logged", UNSURE),
        ("eval/accuracy", "logged", UNSURE),
    ],
)
def test_a_name_is_missed_only_if_training_cannot_log_it(name: str, origin: str, expected: str) -> None:
    ended = crash("KeyError", f"'{name}'")
    assert told("wandb.keys_match_evaluation", evaluation(origin=origin, **ended)) == expected
    runs = judged("evaluate.runs", evaluation(origin=origin, **ended))
    assert not (expected == FAIL and runs.drafts), "one mistake is one finding"


def test_a_name_that_another_run_logs_is_not_held_against_the_script() -> None:
    ended = crash("KeyError", "'val_accuracy'")
    assert told("evaluate.runs", evaluation(**ended), evaluation("baseline-wins", **ended)) == "not_exercised assets"
    copied = [
        evaluation(variant, "copied", **crash("ValueError", "too few")) for variant in ("logged", "baseline-wins")
    ]
    assert told("evaluate.runs", *copied) == "not_exercised assets"


def test_a_key_of_the_configuration_is_no_metric() -> None:
    ended = crash("KeyError", "'batch_size'", 'size = run.config["batch_size"]')
    assert told("wandb.keys_match_evaluation", evaluation(**ended)) == UNSURE


@pytest.mark.parametrize(("key", "expected"), [("macro_f1", FAIL), ("train_loss", PASS), ("test_f1", PASS)])
def test_a_history_asked_by_key(key: str, expected: str) -> None:
    asked = [RunAsked(run_id=run_id, history=True, summary=True, config=True, keys=[key]) for run_id in RUNS]
    assert told("wandb.keys_match_evaluation", evaluation(asked=asked)) == expected


@pytest.mark.parametrize(
    ("asked", "fields", "expected"),
    [
        ({"history": True, "summary": True, "config": True}, {}, PASS),
        ({"history": True, "summary": True}, {}, FAIL),
        ({}, {}, FAIL),
        ({}, {"status": Status.FAILED}, UNSURE),
        ({}, {"mock_problem": "broken"}, f"{UNSURE} infrastructure"),
    ],
)
def test_what_is_asked_of_wandb(asked: dict[str, Any], fields: dict[str, Any], expected: str) -> None:
    of = [RunAsked(run_id=run_id, **asked) for run_id in RUNS]
    assert told("evaluate.reads_wandb", evaluation(asked=of, **fields)) == expected


NAN = [METRICS[0], Document(path=METRICS[1].path, bytes=3, problem="NaN is no JSON value", content={})]


@pytest.mark.parametrize(
    ("origin", "base", "more", "expected"),
    [
        ("logged", METRICS[:1], METRICS[:1], FAIL),
        ("logged", METRICS[:1], METRICS, UNSURE),
        ("made-up", METRICS[:1], METRICS[:1], UNSURE),
        ("logged", NAN, NAN, FAIL),
        ("logged", NAN, METRICS, UNSURE),
    ],
)
def test_metrics_of_a_run(origin: str, base: list[Document], more: list[Document], expected: str) -> None:
    other = evaluation("baseline-wins", origin, documents=more)
    assert told("evaluate.run_metrics", evaluation(origin=origin, documents=base), other) == expected


def test_a_nan_that_was_logged_is_not_held_against_the_script() -> None:
    found = evaluation(documents=NAN)
    runs = [run.model_copy(update={"not_numbers": ["val_loss"]}) for run in found.runs]
    assert told("evaluate.run_metrics", found.model_copy(update={"runs": runs})) == UNSURE


def test_what_another_run_lacks_names_that_run() -> None:
    judgement = judged("evaluate.run_metrics", evaluation(documents=METRICS[:1]))
    assert [draft.run_id for draft in judgement.drafts] == [RUNS[1]]


BLANK = FIGURES[1].model_copy(update={"blank": True})
BROKEN = FIGURES[2].model_copy(update={"problem": "cut"})
EPS = FIGURES[2].path.replace(".pdf", ".eps")
UNOPENED = FIGURES[2].model_copy(update={"opened": False, "pages": None})


@pytest.mark.parametrize(
    ("criterion", "figures", "expected"),
    [
        ("evaluate.run_figures", FIGURES[1:], FAIL),
        ("evaluate.run_figures", [FIGURES[0], BLANK, FIGURES[2]], FAIL),
        ("evaluate.run_figures", [*FIGURES[:2], BROKEN], PASS),
        ("evaluate.comparison_figures", [*FIGURES[:2], BROKEN], FAIL),
        ("evaluate.comparison_figures", FIGURES[:2], FAIL),
        ("evaluate.comparison_figures", [*FIGURES[:2], UNOPENED], UNSURE),
        ("evaluate.comparison_figures", [*FIGURES, UNOPENED.model_copy(update={"path": EPS})], PASS),
        ("evaluate.run_figures", [FIGURES[0], BLANK, UNOPENED], FAIL),
        ("evaluate.figure_names", [*FIGURES, Figure(path="comparison/bar.pdf", bytes=1)], FAIL),
        ("evaluate.figure_names", [*FIGURES, Figure(path="comparison/comparison_bar.png", bytes=1)], PASS),
        ("evaluate.figure_names", [], UNSURE),
    ],
)
def test_figures(criterion: str, figures: list[Figure], expected: str) -> None:
    assert told(criterion, evaluation(figures=figures)) == expected


@pytest.mark.parametrize(("criterion", "index"), [("evaluate.run_figures", 0), ("evaluate.comparison_figures", 2)])
@pytest.mark.parametrize(
    ("path", "told_of"),
    [("{}.pdf", True), ("{}.png", False), ("{}.svg", False)],
)
def test_a_figure_without_text_passes_and_is_told_of(criterion: str, index: int, path: str, told_of: bool) -> None:
    bare = FIGURES[index].model_copy(update={"text": 0, "path": path.format(FIGURES[index].path.removesuffix(".pdf"))})
    figures = [bare if place == index else figure for place, figure in enumerate(FIGURES)]
    judgement = judged(criterion, evaluation(figures=figures))
    assert (judgement.outcome, bare.path in judgement.why) == (PASS, told_of)
    assert judged(criterion, evaluation()).why == ""


@pytest.mark.parametrize(
    ("criterion", "written", "expected"),
    [
        ("evaluate.run_metrics", {"documents": [], "cut": True}, UNSURE),
        ("evaluate.run_metrics", {"documents": [], "unread": True}, FAIL),
        ("evaluate.run_figures", {"figures": [], "cut": True}, UNSURE),
        ("evaluate.aggregated_metrics", {"documents": METRICS, "cut": True}, UNSURE),
        ("evaluate.significance", {"significance": False, "unread": True}, UNSURE),
        ("evaluate.significance", {"significance": False, "cut": True}, UNSURE),
        ("evaluate.significance", {"significance": False}, FAIL),
    ],
)
def test_what_was_not_looked_at_is_not_missed(criterion: str, written: dict[str, Any], expected: str) -> None:
    assert told(criterion, evaluation(**written)) == expected


def test_a_figure_that_waits_for_a_name_that_training_logs_later_is_not_missed() -> None:
    waits = SCRIPT + 'if "late_metric" in history: plot()\n'
    train = {"src/train.py": 'run.log({"late_metric": 1})\n'}
    made = case(evaluation(figures=[]), script=waits)
    submission = made.submission.model_copy(update={"files": made.submission.files | train})
    judgement = all_rules()["evaluate.run_figures"](Case(submission, made.checklist, made.evidence, made.run_ids))
    assert judgement.outcome == UNSURE and "late_metric" in judgement.why


@pytest.mark.parametrize(
    ("hypothesis", "changes", "expected"),
    [
        (HIGHER, {}, PASS),
        (HIGHER, {"gap": ...}, FAIL),
        (HIGHER, {"best_baseline": {"value": 0.8}}, FAIL),
        (None, {"gap": ...}, FAIL),
    ],
)
def test_the_structure(hypothesis: Hypothesis | None, changes: dict[str, Any], expected: str) -> None:
    found = evaluation(documents=[comparison(**changes)])
    assert told("evaluate.aggregated_metrics", found, hypothesis=hypothesis) == expected


def test_who_is_not_asked_for_the_structure_is_not_judged_by_it() -> None:
    for criterion in ("evaluate.aggregated_metrics", "evaluate.gap", "evaluate.primary_metric"):
        assert told(criterion, evaluation(documents=[]), hypothesis=None, script="import wandb\n") == OTHER


@pytest.mark.parametrize(("given", "expected"), [("accuracy", PASS), ("ACCURACY.", PASS), ("val accuracy", FAIL)])
def test_the_primary_metric_is_the_hypothesis_s(given: str, expected: str) -> None:
    found = evaluation(documents=[comparison(primary_metric=given)])
    assert told("evaluate.primary_metric", found) == expected


@pytest.mark.parametrize(
    ("proposed", "baseline", "gap", "hypothesis", "expected"),
    [
        (0.9, 0.8, 12.5, HIGHER, PASS),
        (0.9, 0.8, 0.125, HIGHER, PASS),
        (0.9, 0.8, 0.1, HIGHER, PASS),
        (0.9, 0.8, 10.0, HIGHER, PASS),
        (0.9, 0.8, "12.50%", HIGHER, PASS),
        (0.8, 0.9, 11.11, HIGHER, FAIL),
        (0.8, 0.9, -11.11, HIGHER, PASS),
        (0.9, 0.8, 42.0, HIGHER, FAIL),
        (0.9, 0.8, "much", HIGHER, FAIL),
        (20.0, 25.0, 20.0, LOWER, PASS),
        (20.0, 25.0, -20.0, LOWER, FAIL),
        (20.0, 25.0, -20.0, Hypothesis(primary_metric="Quality"), PASS),
        (0.9, 0.0, 0.0, HIGHER, PASS),
        (0.87, 0.84, 3.93, HIGHER, PASS),
        (0.5, 0.55, -9.09, HIGHER, PASS),
        (0.5, 0.55, 9.09, HIGHER, FAIL),
        (0.5, 0.5, 0.4, HIGHER, PASS),
    ],
)
def test_the_gap_follows_from_its_own_values(
    proposed: float, baseline: float, gap: Any, hypothesis: Hypothesis, expected: str
) -> None:
    found = evaluation(documents=[comparison(proposed, baseline, gap)], origin="made-up")
    assert told("evaluate.gap", found, hypothesis=hypothesis) == expected


def test_a_wrong_sign_shows_on_the_variant_in_which_the_baseline_wins() -> None:
    base = evaluation(documents=[comparison(0.9, 0.8)])
    more = evaluation("baseline-wins", documents=[comparison(0.6, 0.8, 25.0)])
    assert told("evaluate.gap", base) == PASS
    assert told("evaluate.gap", base, more) == FAIL


def test_the_best_of_a_side_is_the_best() -> None:
    swapped = comparison(best_proposed={"run_id": RUNS[1], "value": 0.8})
    assert told("evaluate.gap", evaluation(documents=[swapped])) == FAIL


def test_best_values_that_are_nothing_whatever_was_logged_come_from_no_logged_name() -> None:
    nothing = [*METRICS, comparison(0.0, 0.0, 0.0)]
    runs = (evaluation(documents=nothing), evaluation("baseline-wins", documents=nothing))
    script = SCRIPT + 'NAME = "exact_match"\nvalue = summary.get(NAME, 0.0)\n'
    assert told("wandb.keys_match_evaluation", *runs, script=script) == FAIL
    assert told("wandb.keys_match_evaluation", *runs) == PASS, "no name explains them"
    assert told("wandb.keys_match_evaluation", runs[0], evaluation("baseline-wins"), script=script) == PASS


def test_a_gap_over_a_baseline_of_zero_may_be_left_out() -> None:
    nothing = [*METRICS, comparison(0.0, 0.0, 0.0, gap=...)]
    assert told("evaluate.aggregated_metrics", evaluation(documents=nothing)) == PASS


def test_directions_and_sides() -> None:
    assert direction_of("Perplexity on WikiText", None) == "lower"
    assert direction_of("accuracy", "lower is better") is None
    assert direction_of("Time to reach 90 % accuracy", None) is None
    assert direction_of_name("val_loss") == "lower" and direction_of_name("evalAccuracy") == "higher"
    assert direction_of_name("Brier score") == "lower" and direction_of_name("toxicity score") is None
    assert direction_of_name("accuracy improvement") == "higher" and direction_of_name("accuracy drop") is None
    assert kind_of("proposed-a", {}) == "proposed" and kind_of("comparative-1", {}) == "baseline"
    assert kind_of("run-1", {"method": "baseline-lora"}) == "baseline" and kind_of("run-1", {}) is None


def test_names_are_read_from_calls_dictionaries_and_parts() -> None:
    source = (
        'wandb.log({"loss": 1, f"{split}_acc": 2}, step=3)\nrun.summary["best"] = 1\nrun.summary.update({"f1": 2})\n'
        "run.summary.final = 3\n"
    )
    names = names_in({"src/train.py": source, "src/evaluate.py": 'wandb.log({"other": 1})', "broken.py": "def"})
    assert set(names.keys) == {"loss", "best", "f1"} and names.key_patterns == (".*_acc",)
    assert names.logged == ("loss",) and set(names.summary) == {"best", "f1", "final"}
    assert names.patterns == (".*_acc",) and "other" not in names.literals


def test_changed_numbers_let_a_side_win_and_keep_the_pattern_of_rows() -> None:
    history = [{"loss": 0.5, "_step": 1}, {"loss": 0.4, "acc": 0.5, "epoch": 0, "_step": 2}]
    scales = numbers.scales_of([(history, {"acc": 0.5, "count": 30})])
    assert set(scales) == {"loss", "acc"}
    won, lost = (numbers.changed(history, {"acc": 0.5, "count": 30}, 0, wins, scales) for wins in (True, False))
    assert won[1]["acc"] > lost[1]["acc"] and won[0][-1]["loss"] < lost[0][-1]["loss"]
    assert len(won[0]) >= numbers.ROWS and won[1]["count"] == 30
    assert [("acc" in row) for row in won[0][:4]] == [False, True, False, True]
    assert [row["_step"] for row in won[0][:3]] == [1, 2, 4]


def test_made_up_runs_have_numbers_of_the_kind_that_names_say() -> None:
    rows, summary = numbers.made_up(["train_loss", "epoch"], ["accuracy", "confusion_matrix", "val_preds"], 0, True)
    assert rows[0]["train_loss"] > rows[-1]["train_loss"] and rows[-1]["epoch"] == 5
    assert 0 < summary["accuracy"] < 1
    assert [len(row) for row in summary["confusion_matrix"]] == [2, 2] and set(summary["val_preds"]) == {0, 1}


@pytest.mark.parametrize(
    ("instructions", "hypothesis", "asks"),
    [
        ('write "best_baseline" and "gap"', None, True),
        ("compute derived metrics", HIGHER, False),
        ("", HIGHER, True),
        ("", Hypothesis(expected_result="better"), None),
        ("", None, None),
    ],
)
def test_who_asks_for_the_structure(instructions: str, hypothesis: Hypothesis | None, asks: bool | None) -> None:
    submission = bench_case().submission
    made = submission.model_copy(update={"instructions": instructions, "hypothesis": hypothesis})
    assert made.asks_for_comparison is asks


def test_names_are_followed_through_variables() -> None:
    source = (
        'metrics = {"loss": 1}\nmetrics["lr"] = 2\nrun.log(metrics, step=1)\nfinal = {"f1": 3}\n'
        "for k, v in final.items():\n    run.summary[k] = v\n"
    )
    names = names_in({"src/train.py": source})
    assert (names.logged, names.summary) == (("loss", "lr"), ("f1",))
