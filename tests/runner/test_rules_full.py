"""What full mode, cut short, decides: each fault beside what looks like it and is none."""

from __future__ import annotations

from typing import Any

import pytest

from runner.evidence import Evidence, FilesFacts, FullFacts, LoggedRun, Lowered, OutputFile, WandbContact
from runner.probe_facts import (
    Configuration,
    OptunaUse,
    Pass,
    Place,
    ProbeFacts,
    Sampled,
    Shortened,
    WandbUse,
)
from runner.review import Frame, Traceback
from runner.rules.cut_effects import may_be_of_lowered
from runner.vocabulary import StageName, Status
from sandbox.wandb_mock.server import DEFAULT_ENTITY
from tests.runner.rules_bench import AT, judged, probe, told, trial

ONLINE, TIME, SUMMARY = "wandb.online_in_full", "wandb.logs_over_time", "wandb.summary_written"
SEARCH, APPLIES, STARTS = "wandb.search_not_logged", "config.search_space_applies", "mode.full_starts"
FAIL, UNSURE, PASS = "fail submission", "not_exercised", "pass"
INFRA = "not_exercised infrastructure"

CONFIGURED = Configuration(pid=1, resolved="wandb: {entity: e, project: p}\n", reads=["wandb.entity"])
INIT = WandbUse(pid=1, call="init", mode="online", entity="e", project="p", id="a", place=AT)
SEARCHED = OptunaUse(pid=1, studies=1, trials=1, sampled=["training.learning_rate"], place=AT)
APPLIED = Sampled(
    pid=1, name="training.learning_rate", written=["training.learning_rate"], read=["training.learning_rate"], place=AT
)
LOOP = Pass(pid=1, dataset="D#1", delivered=3, train_batches=3, place=AT)


def run(**fields: Any) -> LoggedRun:
    own = {"entity": "e", "project": "p", "id": "a", "mode": "online", "state": "finished", "rows": 6}
    return LoggedRun(**{**own, "keys": {"loss": 6}, "summary": ["loss", "best"], **fields})


def seen(**fields: Any) -> ProbeFacts:
    """A full run as it should be, but for what is given."""
    right = {
        "configurations": [CONFIGURED],
        "wandb": [INIT],
        "wandb_summary": ["best"],
        "optuna": [SEARCHED],
        "sampled": [APPLIED],
        "passes": [LOOP] * 4,
        "counters": {"forward": 9},
    }
    return probe(**{**right, **fields})


def full(
    facts: ProbeFacts | None = None,
    runs: list[LoggedRun] | None = None,
    status: Status = Status.OK,
    lowered: list[Lowered] | None = None,
    **fields: Any,
) -> Evidence:
    facts = facts or seen()
    runs = [run()] if runs is None else runs
    made = FullFacts(work=facts.counters, probe=facts, runs=runs, lowered=lowered or [])
    contact = WandbContact(calls=9 if runs else 0, runs=[f"{item.entity}/{item.project}/{item.id}" for item in runs])
    common = {"stage": StageName.FULL, "run_id": "a", "status": status, "facts": made, "wandb": contact}
    return Evidence(**{**common, **fields})


def without(mode: str) -> ProbeFacts:
    return seen(wandb=[INIT.model_copy(update={"mode": mode})])


IN_SEARCH = INIT.model_copy(update={"searching": True, "id": "trial-0"})
DROPPED = APPLIED.model_copy(
    update={"read": [], "read_otherwise": ["training.learning_rate"], "written": ["learning_rate"]}
)
COPIED = DROPPED.model_copy(update={"written": ["training.learning_rate"]})
NAMESAKE = DROPPED.model_copy(update={"written": ["training.learning_rate"], "read_otherwise": ["head.learning_rate"]})
UNREAD = APPLIED.model_copy(update={"read": []})
WHOLE = CONFIGURED.model_copy(update={"read_whole": [Place(file="src/other.py", line=1)], "whole_keys": [""]})
BROKEN = WandbContact(calls=1, problem="the mock failed")
TIMEOUT = Status.TIMEOUT

CASES = [
    (ONLINE, "as configured", full(), PASS),
    (ONLINE, "another project", full(runs=[run(project="other")]), FAIL),
    (ONLINE, "another entity", full(runs=[run(entity="other")]), FAIL),
    (ONLINE, "no entity given", full(runs=[run(entity=DEFAULT_ENTITY)]), UNSURE),
    (ONLINE, "no entity given, and another project", full(runs=[run(entity=DEFAULT_ENTITY, project="q")]), FAIL),
    (ONLINE, "an id of the client's own", full(runs=[run(id="x8f2k1qz")]), FAIL),
    (ONLINE, "another project, seen although it was stopped", full(runs=[run(project="q")], status=TIMEOUT), FAIL),
    (ONLINE, "offline", full(without("offline"), []), FAIL),
    (ONLINE, "disabled", full(without("disabled"), []), FAIL),
    (ONLINE, "no run at all", full(seen(wandb=[]), []), FAIL),
    (ONLINE, "asked for, and not made", full(runs=[]), UNSURE),
    (ONLINE, "no run yet when it was stopped", full(seen(wandb=[]), [], TIMEOUT), UNSURE),
    (ONLINE, "no run yet when it failed", full(seen(wandb=[]), [], Status.FAILED), UNSURE),
    (ONLINE, "no run, but a process was not seen", full(seen(wandb=[], unobserved=["python x"]), []), UNSURE),
    (ONLINE, "a mock that failed", full(runs=[], wandb=BROKEN), f"{UNSURE} infrastructure"),
    (ONLINE, "a run as configured, and a mock that failed", full(wandb=BROKEN), f"{UNSURE} infrastructure"),
    (TIME, "a mock that failed", full(wandb=BROKEN), UNSURE),
    (ONLINE, "search trials in runs of their own, then the right one",
     full(seen(wandb=[IN_SEARCH, INIT]), [run(id="trial-0"), run()]), PASS),
    (ONLINE, "stopped in the search, whose runs have names of their own",
     full(seen(wandb=[IN_SEARCH]), [run(id="trial-0")], TIMEOUT), UNSURE),
    (ONLINE, "full mode was not run", trial(probe()), UNSURE),
    (TIME, "six rows", full(), PASS),
    (TIME, "one row", full(runs=[run(rows=1, keys={"loss": 1})]), FAIL),
    (TIME, "one row when it was stopped", full(runs=[run(rows=1, keys={"loss": 1})], status=TIMEOUT), UNSURE),
    (TIME, "one row, no loop seen", full(seen(passes=[]), [run(rows=1, keys={"loss": 1})]), UNSURE),
    (TIME, "one row of one epoch", full(seen(passes=[LOOP] * 2), [run(rows=1, keys={"loss": 1})]), UNSURE),
    (TIME, "nothing at all in one epoch", full(seen(passes=[LOOP] * 2), [run(rows=0, keys={})]), FAIL),
    (TIME, "no run", full(seen(wandb=[]), []), UNSURE),
    (SUMMARY, "keys of its own", full(), PASS),
    (SUMMARY, "only what was logged", full(seen(wandb_summary=[]), [run(summary=["loss"])]), FAIL),
    (SUMMARY, "set to what was logged", full(seen(wandb_summary=["loss"]), [run(summary=["loss"])]), PASS),
    (SUMMARY, "stopped before", full(seen(wandb_summary=[]), [run(summary=["loss"])], TIMEOUT), UNSURE),
    (SEARCH, "not logged", full(), PASS),
    (SEARCH, "a run for each trial", full(seen(wandb=[IN_SEARCH, INIT]), [run(id="trial-0"), run()]), FAIL),
    (SEARCH, "trials logged to the run", full(seen(wandb_in_search=[AT])), FAIL),
    (SEARCH, "a disabled run for each trial",
     full(seen(wandb=[IN_SEARCH.model_copy(update={"mode": "disabled"}), INIT])), PASS),
    (SEARCH, "not logged until it was stopped", full(status=TIMEOUT), UNSURE),
    (SEARCH, "no search", full(seen(optuna=[])), UNSURE),
    (APPLIES, "applied", full(), PASS),
    (APPLIES, "written beside what is read", full(seen(sampled=[DROPPED])), FAIL),
    (APPLIES, "written to a copy, the original is read", full(seen(sampled=[COPIED])), FAIL),
    (APPLIES, "another setting of the same name is read", full(seen(sampled=[NAMESAKE])), UNSURE),
    (APPLIES, "never seen to be read", full(seen(sampled=[UNREAD])), UNSURE),
    (APPLIES, "handed on as a plain value", full(seen(sampled=[])), UNSURE),
    (APPLIES, "read elsewhere, but taken whole as well", full(seen(sampled=[DROPPED], configurations=[WHOLE])), UNSURE),
    (APPLIES, "no search", full(seen(optuna=[], sampled=[])), UNSURE),
    (STARTS, "ended well", full(), PASS),
    (STARTS, "at work when it was stopped", full(status=TIMEOUT), PASS),
    (STARTS, "stopped before it worked", full(seen(counters={}), [], TIMEOUT), UNSURE),
    (STARTS, "out of memory", full(status=Status.OUT_OF_MEMORY), INFRA),
    (STARTS, "ended without a word", full(status=Status.FAILED, exit_code=1), FAIL),
    (STARTS, "skipped", full(status=Status.SKIPPED, facts=None), UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "name", "evidence", "expected"), CASES, ids=lambda value: str(value)[:60])
def test_criterion(criterion: str, name: str, evidence: Evidence, expected: str) -> None:
    files = Evidence(
        stage=StageName.FILES, status=Status.OK, facts=FilesFacts(files=[], wandb={"entity": "e", "project": "p"})
    )
    assert told(criterion, files, evidence) == expected, name


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if step % cfg.log_every == 0:\n    wandb.log({'loss': loss})\n", UNSURE),
        ("for step in loop:\n    pass\nwandb.log({'loss': loss})\n", FAIL),
        ("if step % 2:\n    flip()\nwandb.log({'loss': loss})\n", FAIL),
    ],
)
def test_logs_that_the_cut_may_not_have_reached_are_not_missed(source: str, expected: str) -> None:
    evidence = full(runs=[run(rows=1, keys={"loss": 1})])
    assert told(TIME, evidence, files={"src/train.py": source}) == expected


@pytest.mark.parametrize(("cut", "expected"), [("log_every_n_steps", FAIL), ("batches", UNSURE)])
def test_lightning_s_own_interval_is_no_want_of_logs_unless_it_was_lowered(cut: str, expected: str) -> None:
    facts = seen(shortened=[Shortened(pid=1, what=cut, now=1, place=AT)])
    evidence = full(facts, [run(rows=0, keys={})])
    assert told(TIME, evidence, files={"src/train.py": "import pytorch_lightning as pl\n"}) == expected


OBJECTIVE = Frame(file="/env/lib/python3.11/site-packages/optuna/study/_optimize.py", line=201, function="_run_trial")


def failing(kind: str, message: str, *frames: Frame, cut: str = "", lowered: list[Lowered] | None = None) -> Evidence:
    traceback = Traceback(type=kind, message=message, file="src/train.py", line=30, frames=list(frames))
    shortened = [Shortened(pid=1, what=cut, now=3, place=AT)] if cut else []
    return full(seen(shortened=shortened), [], Status.FAILED, lowered, traceback=traceback, exit_code=1)


def own(source: str, function: str = "train") -> Frame:
    return Frame(file="src/train.py", line=30, function=function, source=source, in_submission=True)


STRUCT = ("omegaconf.errors.ConfigAttributeError", "Key 'learning_rate' is not in struct\n    full_key: learning_rate")
NO_HELPER = ("AttributeError", "type object 'OmegaConf' has no attribute 'deepcopy'")
READS = Frame(file="/env/lib/python3.11/site-packages/torch/serialization.py", line=5, function="_open_file")
SAVES = Frame(file="/env/lib/python3.11/site-packages/torch/serialization.py", line=5, function="save")

FAILURES = [
    ("a sample whose key is not there", failing(*STRUCT, OBJECTIVE, own("cfg.learning_rate = value")), APPLIES, FAIL),
    ("a helper that does not exist", failing(*NO_HELPER, OBJECTIVE, own("c = OmegaConf.deepcopy(cfg)")), APPLIES, FAIL),
    ("best values written back", failing(*STRUCT, own("cfg[name] = study.best_params[name]")), APPLIES, FAIL),
    ("best values written back by a line of its own", failing(*STRUCT, own("best[name] = value")), APPLIES, FAIL),
    ("a key that is not there, and was not sampled",
     failing(STRUCT[0], "Key 'decay' is not in struct", own("cfg.decay")), STARTS, FAIL),
    ("a name, behind a cut", failing("NameError", "name 'x' is not defined", own("x"), cut="batches"), STARTS, FAIL),
    ("a mean of nothing, behind a cut",
     failing("ValueError", "max() iterable argument is empty", own("max(xs)"), cut="batches"), STARTS, INFRA),
    ("a mean of nothing, nothing cut",
     failing("ValueError", "max() iterable argument is empty", own("max(xs)")), STARTS, FAIL),
    ("a prediction for every row",
     failing("IndexError", "list index out of range", own("preds[i]"), cut="batches"), STARTS, INFRA),
    ("labels of all rows against predictions of some",
     failing("RuntimeError", "The size of tensor a (9) must match the size of tensor b (872)", own("(preds == labels)"),
             cut="batches"), STARTS, INFRA),
    ("a layer that does not fit, behind a cut",
     failing("RuntimeError", "mat1 and mat2 shapes cannot be multiplied (9x7 and 8x2)", own("head(x)"),
             Frame(file="/env/site-packages/torch/nn/modules/linear.py", line=5, function="forward"), cut="batches"),
     STARTS, FAIL),
    ("no best trial", failing("ValueError", "No trials are completed yet.", own("best_params"), cut="trials"),
     STARTS, INFRA),
    ("importances of one trial", failing("ValueError", "Cannot evaluate parameter importances with only a single trial",
                                         own("importances(study)"), cut="trials"), STARTS, INFRA),
    ("a schedule that is too short",
     failing("ValueError", "Tried to step 7 times. The specified number of total steps is 6", own("s.step()"),
             cut="batches"), STARTS, INFRA),
    ("a checkpoint that was to be written every so often",
     failing("FileNotFoundError", "No such file: 'best.pt'", own("torch.load(best)"), READS, cut="batches"),
     STARTS, INFRA),
    ("a checkpoint into a folder that is not there",
     failing("FileNotFoundError", "No such file: 'out/best.pt'", own("torch.save(x, best)"), SAVES, READS,
             cut="batches"), STARTS, FAIL),
    ("a check of a value that the review lowered",
     failing("ValueError", "warmup_steps must be at least 10", own("raise ValueError(...)"),
             lowered=[Lowered(key="training.warmup_steps", line=3, was=100, now=1)]), STARTS, INFRA),
    ("W&B cannot be reached", failing("wandb.errors.CommError", "timeout", own("wandb.init()")), STARTS, INFRA),
    ("W&B is called wrongly",
     failing("wandb.errors.UsageError", "call wandb.init() first", own("wandb.log(x)")), STARTS, FAIL),
]  # fmt: skip


@pytest.mark.parametrize(("name", "evidence", "criterion", "expected"), FAILURES, ids=lambda value: str(value)[:50])
def test_failure(name: str, evidence: Evidence, criterion: str, expected: str) -> None:
    assert told(criterion, evidence) == expected, judged(criterion, evidence)
    other = STARTS if criterion == APPLIES else APPLIES
    assert not judged(other, evidence).drafts, "one failure is one finding"


LOWERED = [Lowered(key="training.period", line=3, was=16000, now=2)]
FILTER = ("ValueError", "Digital filter critical frequencies must be 0 < Wn < fs/2 (fs=2 -> fs/2=1.0)", own("butter()"))
WRITTEN = {
    "ended well": full(attempt=2),
    "failed alike": failing(*FILTER).model_copy(update={"attempt": 2}),
    "failed otherwise": failing("NameError", "name 'x' is not defined").model_copy(update={"attempt": 2}),
    "was stopped": full(status=TIMEOUT, attempt=2),
    "was lost": full(status=Status.INFRASTRUCTURE_ERROR, facts=None, attempt=2),
}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([], INFRA),
        (["ended well"], PASS),
        (["failed alike"], FAIL),
        (["failed otherwise"], FAIL),
        (["was stopped"], INFRA),
        (["was lost"], INFRA),
    ],
)
def test_what_a_lowered_value_may_have_caused_is_held_against_nobody_unless_it_shows_as_written(
    written: list[str], expected: str
) -> None:
    first = failing(*FILTER, lowered=LOWERED)
    assert told(STARTS, first, *(WRITTEN[name] for name in written)) == expected


def test_a_failure_that_shows_as_written_too_is_confirmed() -> None:
    first = failing(*FILTER, lowered=LOWERED)
    (draft,) = judged(STARTS, first, WRITTEN["failed alike"]).drafts
    assert draft.confidence == "confirmed" and "as written" in draft.message
    (draft,) = judged(STARTS, failing(*FILTER)).drafts
    assert draft.confidence == "observed" and "as written" not in draft.message


def test_a_silent_end_with_lowered_values_is_held_against_nobody_unless_it_shows_as_written() -> None:
    first = full(status=Status.FAILED, exit_code=1, lowered=LOWERED)
    assert told(STARTS, first) == INFRA
    assert told(STARTS, first, full(status=Status.FAILED, exit_code=1, attempt=2)) == FAIL


@pytest.mark.parametrize(
    ("kind", "message", "may"),
    [
        ("ValueError", "Expected more than 1 value per channel when training", True),
        ("AttributeError", "'NoneType' object has no attribute 'items'", True),
        ("KeyError", "'epoch_5'", True),
        ("TypeError", "unsupported operand type(s) for /: 'float' and 'NoneType'", True),
        ("NameError", "name 'unfreeze' is not defined", False),
        ("AttributeError", "'LinearLR' object has no attribute 'best_rate'", False),
        ("KeyError", "'labels'", False),
        ("TypeError", "train() got an unexpected keyword argument 'n'", False),
        ("RuntimeError", "Parent directory out/checkpoints does not exist.", False),
        ("RuntimeError", "element 0 of tensors does not require grad and does not have a grad_fn", False),
        ("omegaconf.errors.ConfigAttributeError", "Missing key n", False),
    ],
)
def test_which_failures_lowered_values_may_have_caused(kind: str, message: str, may: bool) -> None:
    assert may_be_of_lowered(failing(kind, message, own("x"), lowered=LOWERED)) is may
    assert not may_be_of_lowered(failing(kind, message, own("x")))


@pytest.mark.parametrize(
    ("setting", "written", "told_of"),
    [
        ("save_every: 100", "results/a/log.txt", True),
        ("save_every: 100", "outputs/model.pt", True),
        ("save_every: 100", "results/a/model.pt", False),
        ("save_best: true", "results/a/log.txt", True),
        ("save_best: false", "results/a/log.txt", False),
        ("gradient_checkpointing: true", "results/a/log.txt", False),
        ("checkpoint: bert-base-uncased", "results/a/log.txt", False),
    ],
)
def test_checkpoints_that_are_asked_for_and_not_written_are_told_of(setting: str, written: str, told_of: bool) -> None:
    evidence = full(outputs=[OutputFile(path=written, bytes=1)])
    judgement = judged(STARTS, evidence, yaml={"a": f"run_id: a\ntraining: {{{setting}}}\n"})
    assert (judgement.outcome, "no checkpoint" in judgement.why) == (PASS, told_of)


def test_a_full_run_that_did_nothing_is_no_pass_and_tells_what_it_printed() -> None:
    idle = full(seen(counters={"processes": 2}))
    assert told(STARTS, idle) == UNSURE
    printed = Traceback(type="NameError", message="name 'x' is not defined", file="src/train.py", line=30)
    failed = idle.model_copy(update={"facts": idle.facts.model_copy(update={"printed_failure": printed})})
    (draft,) = judged(STARTS, failed).drafts
    assert (draft.blame, draft.file, draft.line) == ("submission", "src/train.py", 30)
    working = full(seen(counters={"processes": 2, "generate_calls": 3}))
    assert told(STARTS, working) == PASS


def test_a_failure_of_the_trial_is_not_reported_twice() -> None:
    traceback = Traceback(type="NameError", message="name 'x' is not defined", file="src/train.py", line=30)
    first = trial(probe(), run_id="a", status=Status.FAILED, traceback=traceback, exit_code=1)
    again = full(status=Status.FAILED, traceback=traceback, run_id="b", exit_code=1)
    assert judged("implementation.trial_completes", first, trial(probe(), run_id="b"), again).drafts
    assert not judged(STARTS, first, trial(probe(), run_id="b"), again).drafts


def test_samples_that_one_line_drops_are_one_finding() -> None:
    other = DROPPED.model_copy(update={"name": "decay", "written": ["decay"], "read_otherwise": ["training.decay"]})
    (draft,) = judged(APPLIES, full(seen(sampled=[DROPPED, other, APPLIED]))).drafts
    assert "training.learning_rate, decay" in draft.message
    assert (draft.file, draft.line) == (AT.file, AT.line)


def test_a_failure_in_both_runs_is_one_finding() -> None:
    one = failing(*STRUCT, OBJECTIVE, own("cfg.learning_rate = value"))
    both = [one, one.model_copy(update={"run_id": "b"})]
    (draft,) = judged(APPLIES, *both).drafts
    assert draft.run_id is None and draft.cause == "optuna"
