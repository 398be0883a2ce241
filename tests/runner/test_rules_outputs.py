"""What a trial leaves to evaluation and to W&B, how a mode is refused, and evidence that is in dispute."""

from __future__ import annotations

import pytest

from runner.evidence import ComposeFacts, Evidence, OutputFile, Refusal, WandbContact
from runner.probe_facts import Place, ProbeFacts, Process, Started, WandbUse, Written
from runner.rules.base import all_rules
from runner.rules.probed import disputed
from runner.settings import BudgetSettings
from runner.vocabulary import Blame, StageName, Status
from tests.runner.rules_bench import AT, case, judged, probe, told, trial

INDEPENDENT, FIGURES, DUMP, OFF = (
    "evaluate.independent",
    "evaluate.training_draws_nothing",
    "wandb.no_result_dump",
    "wandb.off_in_trial",
)
FAIL, UNSURE, PASS = "fail submission", "not_exercised", "pass"
NOWHERE = Place()


def wrote(path: str, place: Place = AT, pid: int = 1) -> ProbeFacts:
    return probe(written=[Written(pid=pid, path=path, place=place)])


def started(command: str, evaluates: bool = False) -> ProbeFacts:
    return probe(started=[Started(pid=1, command=command, evaluates=evaluates, place=AT)])


EVALUATION = Process(pid=2, parent=1, command="python -m src.evaluate results_dir=x")
DRAWN_BY_EVALUATION = wrote("results/a.pdf", pid=2).model_copy(update={"processes": [EVALUATION]})

CASES = [
    (INDEPENDENT, probe(), PASS),
    (INDEPENDENT, started("python -m src.evaluate", evaluates=True), FAIL),
    (INDEPENDENT, started("git rev-parse HEAD"), PASS),
    (INDEPENDENT, started("/opt/env/bin/python3.11 -u -m src.evaluate results_dir=x", evaluates=True), FAIL),
    (INDEPENDENT, started("uv run python src/evaluate.py x", evaluates=True), FAIL),
    (INDEPENDENT, started("python /workspace/src/evaluate.py x", evaluates=True), FAIL),
    (INDEPENDENT, started("sh -c cd x && python -m src.evaluate a; ls", evaluates=True), FAIL),
    (INDEPENDENT, started("python x/evaluate.py", evaluates=True), PASS),
    (INDEPENDENT, started("python src/my_evaluate.py", evaluates=True), PASS),
    (INDEPENDENT, started("git hash-object src/evaluate.py", evaluates=True), PASS),
    (INDEPENDENT, started("python -m py_compile src/evaluate.py", evaluates=True), PASS),
    (INDEPENDENT, started("python -c from src.evaluate import x; x()", evaluates=True), UNSURE),
    (INDEPENDENT, probe(imported_evaluation=[AT]), UNSURE),
    (INDEPENDENT, probe(imported_evaluation=[Place(file="src/evaluate.py", line=1)]), PASS),
    (INDEPENDENT, probe(cut=["started"]), UNSURE),
    (FIGURES, wrote("results/a/accuracy.pdf"), FAIL),
    (FIGURES, wrote("results/a/accuracy.PNG", NOWHERE), FAIL),
    (FIGURES, wrote(".cache/images"), PASS),
    (FIGURES, wrote("results/a/wandb/run-1/media/x.png"), PASS),
    (FIGURES, wrote("results/a/model.pt"), PASS),
    (FIGURES, DRAWN_BY_EVALUATION, PASS),
    (DUMP, wrote("results/a/results.json"), FAIL),
    (DUMP, wrote("results/a/final_metrics.json"), FAIL),
    (DUMP, wrote("results/a/metrics.json", NOWHERE), PASS),
    (DUMP, wrote("results/a/trainer_state.json"), PASS),
    (DUMP, wrote("results/a/config.json"), PASS),
    (DUMP, wrote("results/a/resolved_config.yaml"), PASS),
    (DUMP, wrote("results/a/metrics.json", Place(file="src/evaluate.py", line=3)), PASS),
]


@pytest.mark.parametrize(("criterion", "seen", "expected"), CASES)
def test_what_training_leaves(criterion: str, seen: ProbeFacts, expected: str) -> None:
    assert told(criterion, trial(seen)) == expected


GUARDED = "def helper():\n    ...\n\ndef main():\n    ...\n\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.parametrize(
    ("importer", "script", "expected"),
    [
        ("from src.evaluate import helper\nhelper()\n", GUARDED, UNSURE),
        ("from src.evaluate import main as score\nscore()\n", GUARDED, FAIL),
        ("import src.evaluate\nsrc.evaluate.main()\n", GUARDED, FAIL),
        ("from src import evaluate\nevaluate.helper()\n", GUARDED, UNSURE),
        ("import evaluate\nfrom src.evaluate import helper\nevaluate.main()\n", GUARDED, UNSURE),
        ("import src.evaluate\n", "def main():\n    ...\n\nmain()\n", FAIL),
        ("import src.evaluate\n", "def quiet():\n    ...\n\nquiet()\n\ndef helper():\n    ...\n", UNSURE),
    ],
)
def test_importing_the_evaluation_is_no_run_of_it(importer: str, script: str, expected: str) -> None:
    files = {"src/train.py": importer, "src/evaluate.py": script}
    assert told(INDEPENDENT, trial(probe(imported_evaluation=[AT])), files=files) == expected


def init(mode: str) -> ProbeFacts:
    return probe(wandb=[WandbUse(pid=1, call="init", mode=mode, place=AT)])


QUIET = WandbContact(calls=0)
ASKED = WandbContact(calls=7, runs=["e/p/r"])
FOLDER = [OutputFile(path="results/wandb/offline-run-20251120_101010-abc/run.wandb", bytes=9)]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (trial(init("disabled"), wandb=QUIET), PASS),
        (trial(probe(), wandb=QUIET), PASS),
        (trial(init("disabled"), wandb=None), PASS),
        (trial(init("online"), wandb=None), UNSURE),
        (trial(init("online"), wandb=ASKED), FAIL),
        (trial(init("offline"), wandb=QUIET, outputs=FOLDER), FAIL),
        (trial(None, wandb=ASKED), FAIL),
        (trial(init("online"), wandb=QUIET), PASS),
        (trial(init("disabled"), wandb=QUIET, status=Status.FAILED), UNSURE),
        (trial(init("disabled"), wandb=WandbContact(calls=7, problem="the server broke")), FAIL),
        (trial(probe(), wandb=WandbContact(calls=7, runs=["e/p/r"], problem="the server broke")), FAIL),
        (trial(init("disabled"), wandb=WandbContact(calls=0, problem="the server broke")), f"{UNSURE} infrastructure"),
        (trial(probe(), wandb=None), UNSURE),
    ],
)
def test_wandb(evidence: Evidence, expected: str) -> None:
    assert told(OFF, evidence) == expected


def test_the_call_that_opens_the_run_is_named() -> None:
    (draft,) = judged(OFF, trial(init("online"), wandb=ASKED)).drafts
    assert (draft.file, draft.line) == ("src/train.py", 12) and "mode 'online'" in draft.evidence


def test_runs_within_the_budget_are_allowed() -> None:
    budget = BudgetSettings(epochs=1, train_batches=2, eval_batches=2, optuna_trials=0, wandb_runs=1)
    assert told(OFF, trial(init("online"), wandb=ASKED), budget=budget) == PASS


def test_a_failure_of_the_server_is_nobodys_fault_and_leaves_the_verdict_open() -> None:
    budget = BudgetSettings(epochs=1, train_batches=2, eval_batches=2, optuna_trials=0, wandb_runs=1)
    failed = ASKED.model_copy(update={"problem": "the server broke"})
    (draft,) = judged(OFF, trial(init("online"), wandb=failed), budget=budget).drafts
    assert draft.blame is Blame.INFRASTRUCTURE and "the server broke" in draft.message


CHECK = 'if cfg.mode not in MODES:\n    raise ValueError("unknown mode")\n'


@pytest.mark.parametrize(
    ("tried", "source", "expected"),
    [
        (Refusal(mode="x", outcome="refused", message="unknown mode x"), "", PASS),
        (Refusal(mode="x", outcome="accepted", message="the first connection"), "raise ValueError('model')", FAIL),
        (Refusal(mode="x", outcome="accepted", message="the first connection"), CHECK, UNSURE),
        (Refusal(mode="x", outcome="unclear", message="KeyError: 'model'"), "", UNSURE),
        (None, "", UNSURE),
    ],
)
def test_unknown_modes(tried: Refusal | None, source: str, expected: str) -> None:
    facts = ComposeFacts(unknown_mode=tried, finished=True)
    evidence = Evidence(stage=StageName.COMPOSE, status=Status.OK, facts=facts)
    judgement = all_rules()["hydra.rejects_unknown_mode"](case(evidence, files={"src/main.py": source}))
    assert " ".join([judgement.outcome, *(draft.blame for draft in judgement.drafts)]) == expected


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (trial(probe()), ""),
        (trial(None), "saw no process"),
        (trial(probe(disputed=["a stream stopped"])), "evidence disputed: a stream stopped"),
        (trial(probe(), wandb=ASKED), "evidence disputed: the W&B server saw the run e/p/r"),
        (trial(init("online"), wandb=ASKED), ""),
        (trial(probe(unobserved=["python x"]), wandb=ASKED), ""),
    ],
)
def test_disputed_evidence(evidence: Evidence, words: str) -> None:
    assert words in disputed(evidence) and bool(words) == bool(disputed(evidence))


@pytest.mark.parametrize(
    "criterion",
    [
        "implementation.loss_finite", "implementation.parameters_learn", "hydra.run_config_applied",
        "hydra.run_config_used", "data.declared_dataset_used", "data.no_silent_fallback", "data.targets_nonempty",
        "model.declared_model_used", "evaluate.independent", "evaluate.training_draws_nothing", "wandb.no_result_dump",
        "mode.trial_epochs", "mode.trial_train_batches", "mode.trial_eval_batches", "mode.trial_search_off",
    ],
)  # fmt: skip
def test_criteria_that_rest_on_the_probe_say_that_it_is_disputed(criterion: str) -> None:
    judgement = judged(criterion, trial(probe(disputed=["forged events"])))
    assert judgement.outcome == UNSURE and judgement.why == "evidence disputed: forged events"


def test_every_criterion_of_these_stages_has_a_rule() -> None:
    built = (StageName.FILES, StageName.ENVIRONMENT, StageName.COMPOSE, StageName.TRIAL)
    criteria = case(trial(None)).checklist.criteria
    assert {name for name, item in criteria.items() if item.decided in built} <= set(all_rules())


@pytest.mark.parametrize(
    ("trouble", "criterion", "expected"),
    [
        ("loads._ends: TypeError()", "mode.trial_train_batches", PASS),
        ("loads._ends: TypeError()", "data.no_silent_fallback", UNSURE),
        ("torch_loaders._delivered: KeyError()", "mode.trial_train_batches", UNSURE),
        ("torch_loaders._delivered: KeyError()", "data.no_silent_fallback", PASS),
        ("Module.__call__ was replaced", "mode.trial_train_batches", UNSURE),
        ("something new: broke", "evaluate.independent", UNSURE),
        ("files._opened: KeyError()", "evaluate.independent", UNSURE),
    ],
)
def test_trouble_of_the_probe_leaves_open_what_it_is_about(trouble: str, criterion: str, expected: str) -> None:
    seen = probe(processes=[Process(pid=1, parent=0, command="x", disabled=trouble)])
    assert told(criterion, trial(seen)) == expected
