"""The probe below torchrun and accelerate launch: every rank is seen, and the ranks of one training count as one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from probe_environment import python
from probed import CLIENTS, Probed, probed

from tests.runner.rules_bench import told, trial

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
BATCHES = 3


def launched(folder: Path, *words: str) -> Probed:
    """A repository whose main.py starts its training by a launcher of the environment, with a PYTHONPATH of its own
    before what is there."""
    command = [str(python().parent / words[0]), *words[1:]]
    (folder / "r" / "src").mkdir(parents=True)
    (folder / "r" / "src" / "train.py").write_text((CLIENTS / "distributed.py").read_text())
    program = f"""
import os, subprocess, sys
own = {{**os.environ, 'PYTHONPATH': os.getcwd() + os.pathsep + os.environ['PYTHONPATH']}}
sys.exit(subprocess.run({json.dumps(command)}, env=own).returncode)
"""
    done = probed(program, folder / "r", python=python())
    assert done.exit_code == 0, done.stderr
    assert (done.facts.unobserved, done.facts.hiding, done.facts.disputed) == ([], [], [])
    return done


def test_both_ranks_of_torchrun_are_seen_and_share_one_budget(tmp_path: Path) -> None:
    facts = launched(tmp_path, "torchrun", "--standalone", "--nproc-per-node", "2", "src/train.py", "by_torchrun").facts
    assert [item.train_batches for item in facts.passes] == [BATCHES, BATCHES]
    assert [item.steps for item in facts.optimizers] == [BATCHES, BATCHES]
    assert len({item.pid for item in facts.passes}) == 2
    assert {item.place.file for item in facts.passes} == {"src/train.py"}
    assert told("mode.trial_train_batches", trial(facts)) == "fail submission"
    within = facts.model_copy(
        update={"passes": [item.model_copy(update={"train_batches": 2}) for item in facts.passes]}
    )
    assert told("mode.trial_train_batches", trial(within)) == "pass"


def test_a_training_of_accelerate_launch_is_seen(tmp_path: Path) -> None:
    words = (
        "--cpu",
        "--num_processes",
        "1",
        "--num_machines",
        "1",
        "--mixed_precision",
        "no",
        "--dynamo_backend",
        "no",
    )
    facts = launched(tmp_path, "accelerate", "launch", *words, "src/train.py", "by_accelerate").facts
    assert [item.train_batches for item in facts.passes] == [BATCHES]
    assert [item.steps for item in facts.optimizers] == [BATCHES]
