"""The probe's log read back: numbers that cannot be, ends, programs and bounds, from events written by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.launched import may_start_python
from runner.probe_facts import ProbeFacts
from runner.probe_summary import summarise_events

HUGE = 10**400


def folded(folder: Path, *events: dict[str, Any], exit_code: int | None = 0, **log: int) -> ProbeFacts:
    """The facts of one process's events, numbered as they come."""
    hello = {"e": "hello", "parent": 1, "command": "python -m src.main"}
    lines = [{"c": 1, "p": 7, "n": number, **event} for number, event in enumerate((hello, *events), 1)]
    path = folder / "events.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"e": "log", **log}]))
    return summarise_events(path, exit_code)


@pytest.mark.parametrize(
    "forged",
    [
        [{"e": "pass", "i": 1, "delivered": "x"}, {"e": "pass", "i": 1, "delivered": 3}],
        [{"e": "counters", "v": {"forward": HUGE}}],
        [{"e": "counters", "v": {"gpu_peak_mb": float("inf")}}],
        [{"e": "left", "cpu": HUGE}],
        [{"e": "goodbye", "cpu": float("inf")}],
        [{"e": "left", "cpu": float("nan")}],
        [{"e": "losses", "i": 0, "count": 1, "looked_at": 1, "nan": 0, "infinite": 0, "first": [HUGE]}],
    ],
)
def test_numbers_that_cannot_be_are_disputed(forged: list[dict[str, Any]], tmp_path: Path) -> None:
    facts = folded(tmp_path, *forged, exit_code=1)
    assert facts.disputed
    assert facts.processes and not facts.counters.get("forward")


def test_a_time_that_cannot_be_ends_nothing(tmp_path: Path) -> None:
    assert folded(tmp_path, {"e": "goodbye", "t": HUGE}).processes[0].ended


@pytest.mark.parametrize(
    ("last", "exit_code", "doubt"),
    [
        ([], 0, True),
        ([], 1, False),
        ([], None, False),
        ([{"e": "goodbye"}], 0, False),
        ([{"e": "left", "cpu": 2.0}], 0, False),
        ([{"e": "started", "command": "true", "program": "true", "replaces": True}], 0, False),
    ],
)
def test_a_success_without_last_words_is_disputed(
    last: list[dict[str, Any]], exit_code: int | None, doubt: bool, tmp_path: Path
) -> None:
    facts = folded(tmp_path, *last, exit_code=exit_code)
    assert [("its events had stopped before" in words) for words in facts.disputed] == [True] * doubt


def test_what_was_dropped_is_no_contradiction_and_leaves_every_list_incomplete(tmp_path: Path) -> None:
    facts = folded(tmp_path, {"e": "written", "path": "a", "n": 9}, dropped=3)
    assert facts.disputed == []
    assert {"written", "passes", "loads"} <= set(facts.cut)


def test_what_was_superseded_is_neither(tmp_path: Path) -> None:
    facts = folded(tmp_path, {"e": "counters", "v": {"forward": 2}, "n": 9}, {"e": "goodbye", "n": 10}, superseded=3)
    assert (facts.disputed, facts.cut, facts.counters["forward"]) == ([], [], 2)


LOAD = {"e": "load", "i": 1, "api": "datasets.load_dataset", "kind": "dataset", "id": "x", "error_type": "E", "done": 2}


@pytest.mark.parametrize(
    ("after", "exit_code", "swallowed"),
    [
        # Told in the last words: a pass that was pending, and nothing that was not done before.
        ([{"e": "pass", "i": 2, "dataset": "d#1"}, {"e": "counters", "v": {"batches": 1, "forward": 1}}], 1, False),
        ([{"e": "counters", "v": {"batches": 1, "forward": 2}}], 1, True),
        ([{"e": "counters", "v": {"search_trials": 3}}], 1, True),
        ([{**LOAD, "i": 2, "error_type": ""}], 1, True),
        ([], 1, False),
        ([], 0, True),
        ([{"e": "ended_by", "loads": [1]}], 1, False),
    ],
)
def test_an_error_was_swallowed_where_the_process_went_on(
    after: list[dict[str, Any]], exit_code: int, swallowed: bool, tmp_path: Path
) -> None:
    facts = folded(tmp_path, LOAD, *after, {"e": "goodbye"}, exit_code=exit_code)
    assert facts.loads[0].swallowed is swallowed


def test_the_peak_of_gpu_memory_needs_no_goodbye(tmp_path: Path) -> None:
    assert folded(tmp_path, {"e": "counters", "v": {"gpu_peak_mb": 812}}).counters["gpu_peak_mb"] == 812


def test_a_list_that_the_probe_cut_is_told(tmp_path: Path) -> None:
    facts = folded(tmp_path, {"e": "cut", "list": "contacts"}, {"e": "cut", "list": "no such"}, {"e": "goodbye"})
    assert (facts.cut, facts.hiding) == (["contacts"], [])
    assert folded(tmp_path, {"e": "cut", "list": "started"}, {"e": "goodbye"}).hiding


@pytest.mark.parametrize(
    "program",
    [
        "git",
        "/usr/bin/uname",
        "nvidia-smi",
        "ldconfig",
        "gcc",
        "x86_64-linux-gnu-gcc-12",
        "g++-13",
        "lscpu",
        "wandb-core",
    ],
)
def test_programs_that_start_no_python(program: str) -> None:
    assert not may_start_python(program, None)


@pytest.mark.parametrize("program", ["make", "torchrun", "bash", "run.sh", "env", "timeout", "mpirun", "xargs", ""])
def test_programs_that_may(program: str) -> None:
    assert may_start_python(program, None)


@pytest.mark.parametrize(
    "script",
    [
        "nvidia-smi",
        "pip list | grep some-plugin",
        "git rev-parse HEAD 2>/dev/null | head -1",
        "A=1 ls -l > files.txt 2>&1; rm -rf 'a; python b'",
        "mkdir -p x && (cd x; touch python)",
    ],
)
def test_lines_of_a_shell_that_start_no_python(script: str) -> None:
    assert not may_start_python("sh", script)


@pytest.mark.parametrize(
    "script",
    [
        "PYTHONPATH=. python -m src.train",
        "ls # files\npython x.py",
        "ls a#b; python x.py",
        "echo `python x.py`",
        "echo $(python x.py)",
        "ls && exec python x.py",
        "cat <<END\nEND\npython x.py",
        "sh run.sh",
        "ls 'never closed",
        "A=1",
        "",
    ],
)
def test_lines_of_a_shell_that_may(script: str) -> None:
    assert may_start_python("sh", script)
