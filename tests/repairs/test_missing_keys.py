"""All missing keys at once: what the code reads, held against what a run's configuration has."""

from __future__ import annotations

import pytest

from runner.rules.config_reads import config_reads
from runner.rules.failures import failures
from runner.rules.missing_keys import missing
from tests.repairs.blocker_examples import (
    MAIN,
    OTHER_ID,
    RUN_ID,
    case,
    composed,
    failed_trial,
    installed,
    submission,
    traceback,
)

TRAIN = """\
import hydra

from src.model import build


class Trainer:
    def __init__(self, cfg):
        self.cfg = cfg
        self.part = cfg.training

    def steps(self):
        return self.part.max_steps + self.cfg["logging"]["every"]


def section(cfg):
    if "run" in cfg and cfg.run:
        return cfg.run
    return cfg


@hydra.main(config_path="../config", config_name="config")
def main(cfg):
    run = section(cfg)
    build(run.model)
    if "beta" in cfg.method:
        print(cfg.method.beta)
    print(cfg.get("seed", 1), cfg.training.get("lr"), cfg.training.epochs.bit_length())
    cfg.training.clip = 1.0
    Trainer(cfg).steps()
"""
MODEL = "def build(cfg):\n    name = cfg.name\n    return name, cfg.layers\n"


def test_reads_are_followed_through_variables_objects_and_functions() -> None:
    reads = config_reads({"src/train.py": TRAIN, "src/model.py": MODEL})
    needed = {".".join(path) for path in reads.needed}
    assert {"training.max_steps", "logging.every", "run.model.name", "run.model.layers", "training.epochs"} <= needed
    assert {("seed",), ("method", "beta"), ("training", "lr")} <= reads.guarded
    assert ("training", "clip") in reads.written
    assert reads.deep("run") and not reads.deep("seed")


@pytest.mark.parametrize(
    ("config", "absent"),
    [
        ("training: {epochs: 1, max_steps: 2}\nlogging: {every: 1}\nmethod: {}\nrun: {model: {name: a, layers: 1}}\n",
         set()),
        ("training: {epochs: 1}\nmethod: {}\nrun: {model: {name: a}}\n",
         {"training.max_steps", "logging", "run.model.layers"}),
        ("training: ${base}\nlogging: {every: 1}\nmethod: x\nrun:\n  model: ${m}\n", set()),
    ],
)  # fmt: skip
def test_what_a_configuration_lacks(config: str, absent: set[str]) -> None:
    sub = submission({"src/train.py": TRAIN, "src/model.py": MODEL, "src/main.py": ""})
    assert {".".join(path) for path in missing(case(sub, composed(sub, config=config)), RUN_ID)} == absent


def test_a_run_that_misses_one_key_hears_of_all() -> None:
    text = MAIN.replace("print(cfg.mode)", "run = OmegaConf.load(cfg.run)\n    print(cfg.data.rows, cfg.data.columns)")
    runs = {RUN_ID: "data: {columns: 1}\n", OTHER_ID: "data: {size: 1}\n"}
    sub = submission({"src/main.py": text}, runs)
    said = "Key 'rows' is not in struct\n    full_key: data.rows\n    object_type=dict"
    trial = failed_trial(traceback("src/main.py", 6, "omegaconf.errors.ConfigAttributeError", said))
    [draft] = failures(case(sub, installed(), composed(sub, config="run: x\ndata: {}\n"), trial))
    assert f"if it comes to them: data.columns (of {OTHER_ID})." in draft.message


def test_another_failure_says_nothing_of_keys() -> None:
    sub = submission({"src/train.py": TRAIN, "src/model.py": MODEL})
    trial = failed_trial(traceback("src/train.py", 12, "TypeError", "unsupported operand"))
    [draft] = failures(case(sub, installed(), composed(sub, config="run: x\n"), trial))
    assert "does not have" not in draft.message
