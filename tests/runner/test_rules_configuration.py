"""Whether a run's values arrive and are read; whether methods differ; claims about them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from runner.probe_facts import Configuration, Losses, Model, OptimizerUse, Place, ProbeFacts, Process
from runner.vocabulary import Status
from tests.runner.rules_bench import YAML, judged, probe, told, trial

APPLIED, USED, DIFFER = "hydra.run_config_applied", "hydra.run_config_used", "model.methods_differ"
FAIL, UNSURE, PASS = "fail submission", "not_exercised", "pass"
RUN = yaml.safe_load(YAML)
BASE = {"run": "a", "mode": "trial", "wandb": {"mode": "online"}}
PATH = "config/runs/a.yaml"


def changed(**sections: dict) -> dict:
    return {**RUN, **{name: {**RUN[name], **values} for name, values in sections.items()}}


TWO_PROGRAMS = [Process(pid=1, parent=0, command="src.main"), Process(pid=2, parent=1, command="src.train")]


def configured(config: dict, **fields: Any) -> ProbeFacts:
    return probe(configurations=[Configuration(pid=1, resolved=yaml.safe_dump(config), **fields)])


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (configured({**BASE, **RUN}), PASS),
        (configured({**BASE, "run": RUN}), PASS),
        (configured({**BASE, "experiment": {"run": RUN}}), PASS),
        (configured(BASE, opened=[PATH]), PASS),
        (configured({**BASE, **changed(training={"epochs": 1, "batch_size": 2})}), PASS),
        (configured({**BASE, **changed(training={"learning_rate": "5e-5"})}), PASS),
        (configured({**BASE, **changed(training={"learning_rate": 1e-3})}), FAIL),
        (configured({**BASE, **changed(model={"name": "bert-tiny"})}), FAIL),
        (configured({**BASE, **changed(model={"name": "${oc.env:MODEL}"})}), PASS),
        (configured({**BASE, **changed(model={"name": "bert-tiny"})}, opened=[PATH]), PASS),
        (configured(BASE), FAIL),
        (configured(BASE).model_copy(update={"unobserved": ["python x"]}), UNSURE),
        (configured(BASE).model_copy(update={"processes": TWO_PROGRAMS}), UNSURE),
        (probe(configurations=[Configuration(pid=1, resolved="x: [" + "1, " * 30_000)]), UNSURE),
        (probe(), UNSURE),
    ],
)  # fmt: skip
def test_values_of_the_run(seen: ProbeFacts, expected: str) -> None:
    assert told(APPLIED, trial(seen)) == expected


def test_a_run_that_stopped_early_may_read_its_values_later() -> None:
    assert told(APPLIED, trial(configured(BASE), status=Status.FAILED)) == UNSURE


READS = ["method", "model.name", "model.num_labels", "dataset.name", "dataset.config", "dataset.max_length",
         "training.learning_rate", "training.batch_size", "training.weight_decay"]  # fmt: skip
TRAIN = """\
import wandb
wandb.init(
    config=OmegaConf.to_container(cfg),
)
settings = OmegaConf.to_container(cfg)
for name, value in cfg.training.items():
    pass
print(OmegaConf.to_yaml(cfg))
"""


def read(*keys: str, whole: list[int] | None = None, branches: list[str] | None = None) -> ProbeFacts:
    places = [Place(file="src/train.py", line=line) for line in whole or []]
    branches = branches if branches is not None else [""] if whole else []
    return configured({**BASE, **RUN}, reads=list(keys), read_whole=places, whole_keys=branches)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (read(*READS), PASS),
        (read(*(f"run.{key}" for key in READS)), PASS),
        (read(*READS[:-1]), FAIL),
        (read(*READS[:-1], "weight_decay"), PASS),
        (read(*READS[:-1], "other_weight_decay"), FAIL),
        (read(*READS[:-1], whole=[3]), FAIL),
        (read(*READS[:-1], whole=[8]), FAIL),
        (read(*READS[:-1], whole=[5]), UNSURE),
        (read(*READS[:-1], whole=[6], branches=["training"]), PASS),
        (read(*READS[:-1], whole=[3, 6], branches=["", "training"]), PASS),
        (read(), UNSURE),
        (read(*READS[:-1]).model_copy(update={"cut": ["configurations"]}), UNSURE),
    ],
)
def test_values_that_are_read(seen: ProbeFacts, expected: str) -> None:
    assert told(USED, trial(seen), files={"src/train.py": TRAIN}) == expected


@pytest.mark.parametrize(
    ("seen", "source"),
    [
        (read("run", "mode"), TRAIN),
        (read(*READS[:-1]).model_copy(update={"processes": TWO_PROGRAMS}), TRAIN),
        (configured(BASE, reads=READS[:-1], opened=[PATH]), "config = yaml.safe_load(text)"),
    ],
)
def test_values_that_may_be_read_unseen_accuse_nobody(seen: ProbeFacts, source: str) -> None:
    assert told(USED, trial(seen), files={"src/train.py": source}) == UNSURE


def test_all_unread_values_are_one_finding() -> None:
    (draft,) = judged(USED, trial(read(*READS[:-2]))).drafts
    assert "training.weight_decay, training.batch_size" in draft.message
    assert draft.file == PATH


OTHER = YAML.replace("run_id: a", "run_id: b").replace("method: proposed", "method: comparative-1")
DECAYED = YAML.replace("weight_decay: 0.01", "weight_decay: 0.01, layer_decay: 0.8")


def run(method: str, *losses: float, reads: list[str] | None = None, steps: int = 2, at_zero: int = 0,
        trainable: int = 100, **more: Any) -> ProbeFacts:  # fmt: skip
    config = Configuration(pid=1, resolved=yaml.safe_dump({**RUN, "method": method}), reads=reads or READS, **more)
    optimizer = OptimizerUse(pid=1, name="AdamW", parameters=1, steps=steps, steps_at_zero_rate=at_zero, changed=True)
    return probe(
        configurations=[config],
        optimizers=[optimizer],
        losses=[Losses(pid=1, count=len(losses), looked_at=len(losses), first=list(losses))],
        models=[Model(pid=1, name="M", parameters=100, trainable=trainable, forwards=2)],
    )


ONE, TWO = "proposed", "comparative-1"
DECAY = ["training.layer_decay"]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (run(ONE, 0.7, 0.6), run(TWO, 0.7, 0.6), FAIL),
        (run(ONE, 0.7, 0.6), run(TWO, 0.7, 0.6 * (1 + 1e-8)), FAIL),
        (run(ONE, 0.7, 0.6), run(TWO, 0.7, 0.61), PASS),
        (run(ONE, 0.7, 0.6), run(TWO, 0.7, 0.6, trainable=90), PASS),
        (run(ONE, 0.7, 0.6, reads=READS + DECAY), run(TWO, 0.7, 0.6), UNSURE),
        (run(ONE, 0.7, steps=1), run(TWO, 0.7, steps=1), UNSURE),
        (run(ONE, 0.7, 0.6, at_zero=1), run(TWO, 0.7, 0.6, at_zero=1), UNSURE),
        (run(ONE, 0.7, steps=1), run(ONE, 0.7, steps=1), FAIL),
        (run(ONE, 0.7, opened=[PATH], steps=1), run(ONE, 0.7, opened=[PATH], steps=1), UNSURE),
        (run(ONE, 0.7, 0.6, read_whole=[Place(file="src/x.py", line=1)]), run(TWO, 0.7, 0.6), UNSURE),
        (run(ONE), run(TWO), UNSURE),
        (run(ONE, float("nan"), float("nan")), run(TWO, float("nan"), float("nan")), UNSURE),
    ],
)
def test_methods(a: ProbeFacts, b: ProbeFacts, expected: str) -> None:
    assert told(DIFFER, trial(a, "a"), trial(b, "b"), yaml={"a": DECAYED, "b": OTHER}) == expected


def test_methods_that_differ_in_name_only_are_not_accused() -> None:
    """What such a method does may come behind a trial: another decoding, a later phase."""
    pair = trial(run(ONE, 0.7, 0.6), "a"), trial(run(TWO, 0.7, 0.6), "b")
    assert told(DIFFER, *pair, yaml={"a": YAML, "b": OTHER}) == UNSURE


def composed(config: dict[str, Any], *losses: float) -> ProbeFacts:
    return run(ONE, *losses, steps=1).model_copy(update={"configurations": configured(config).configurations})


@pytest.mark.parametrize(
    ("a", "b", "losses", "expected"),
    [
        ({"method": "???", "run": {"run_id": "a", "method": ONE}},
         {"method": "???", "run": {"run_id": "b", "method": TWO}}, (0.7, 0.7), UNSURE),
        ({"method": ONE, "run": {"run_id": "a", "method": ONE}},
         {"method": ONE, "run": {"run_id": "b", "method": TWO}}, (0.7, 0.7), UNSURE),
        ({"method": ONE, "run": {"run_id": "a", "method": ONE}},
         {"method": ONE, "run": {"run_id": "b", "method": TWO}}, (0.7, 0.8), PASS),
        ({"method": "???"}, {"method": "???"}, (0.7, 0.7), UNSURE),
        ({"run": {"run_id": "a", "method": ONE}}, {"run": {"run_id": "b", "method": ONE}}, (0.7, 0.7), FAIL),
        ({"method": ONE}, {"method": ONE}, (0.7, 0.7), FAIL),
        ({"method": ONE}, {"method": ONE}, (0.7, 0.8), UNSURE),
        ({"method": ONE, "run_id": "a", "run": {"run_id": "a", "method": TWO}},
         {"method": ONE, "run_id": "b", "run": {"run_id": "b", "method": TWO}}, (0.7, 0.7), UNSURE),
    ],
)  # fmt: skip
def test_the_method_is_that_of_the_runs_own_branch(a: dict, b: dict, losses: tuple, expected: str) -> None:
    pair = trial(composed(a, losses[0]), "a"), trial(composed(b, losses[1]), "b")
    assert told(DIFFER, *pair, yaml={"a": DECAYED, "b": OTHER}) == expected


def test_a_method_of_something_else_is_not_the_runs() -> None:
    config = {"evaluation": {"method": "bootstrap"}, "wandb": {}}
    seen = run(ONE, 0.7, steps=1).model_copy(update={"configurations": configured(config).configurations})
    pair = trial(seen, "a"), trial(seen, "b")
    assert told(DIFFER, *pair, yaml={"a": DECAYED, "b": OTHER}) == UNSURE


def test_runs_of_one_method_are_not_compared() -> None:
    pair = trial(run(ONE, 0.7, 0.6), "a"), trial(run(ONE, 0.7, 0.6), "b")
    assert told(DIFFER, *pair, yaml={"a": YAML, "b": YAML}) == UNSURE


def test_one_completed_run_is_not_compared() -> None:
    pair = trial(run(ONE, 0.7, 0.6), "a"), trial(run(TWO, 0.7), "b", status=Status.FAILED)
    assert told(DIFFER, *pair, yaml={"a": DECAYED, "b": OTHER}) == UNSURE


NAMED = "lr = cfg.training.learning_rate\nwd = cfg.training.get('weight_decay', 0)\nloader(cfg.training.batch_size)\n"


@pytest.mark.parametrize(
    ("status", "source", "expected"),
    [
        (Status.TIMEOUT, NAMED.replace("weight_decay", "decay"), FAIL),
        (Status.STOPPED_OVER_BUDGET, NAMED.replace("weight_decay", "decay"), FAIL),
        (Status.FAILED, NAMED.replace("weight_decay", "decay"), UNSURE),
        (Status.TIMEOUT, NAMED, UNSURE),
        (Status.TIMEOUT, NAMED.replace("weight_decay", "decay") + "optimizer(**cfg.training)\n", UNSURE),
        (Status.TIMEOUT, NAMED.replace("weight_decay", "decay") + "t = cfg.training\n", UNSURE),
        (Status.TIMEOUT, NAMED.replace("weight_decay", "decay") + "t = cfg['training'].items()\n", UNSURE),
        (Status.TIMEOUT, NAMED.replace("weight_decay", "decay") + "t = OmegaConf.to_container(cfg)\n", UNSURE),
    ],
)
def test_a_stopped_trial_shows_only_what_no_code_names(status: Status, source: str, expected: str) -> None:
    seen = trial(read(*READS[:-1]), status=status)
    assert told(USED, seen, files={"src/train.py": source}) == expected


@pytest.mark.parametrize(
    ("entry", "source", "expected"),
    [
        ("{type: categorical, choices: [1, 2]}", "", PASS),
        ("{type: categorical, options: [1, 2]}", "", PASS),
        ("{type: categorical, choices: [], options: [1, 2]}", "", PASS),
        ("{type: categorical, choices: '${sizes}'}", "", PASS),
        ("{type: categorical, choices: []}", "", FAIL),
        ("{type: categorical, default: small}", "", FAIL),
        ("{type: categorical}", "", FAIL),
        ("{type: normal, mu: 0, sigma: 1}", "if kind == 'normal':\n    ...\n", PASS),
        ("{type: normal, mu: 0, sigma: 1}", "if kind == 'uniform':\n    ...\n", FAIL),
        ("{type: uniform, low: 2, high: 1}", "", FAIL),
    ],
)
def test_search_spaces(entry: str, source: str, expected: str) -> None:
    yaml = {"a": f"{YAML}optuna: {{search_space: {{lr: {entry}}}}}\n"}
    seen = trial(probe(), "a")
    assert told("config.search_space_valid", seen, yaml=yaml, files={"src/train.py": source}) == expected
