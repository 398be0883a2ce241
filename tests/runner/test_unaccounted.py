"""What the kernel counted, held against what the probe's processes say of themselves."""

from __future__ import annotations

from typing import Any

import pytest

from runner.probe_facts import ProbeFacts, Process, Started
from runner.stages.instruments import unaccounted


def facts(told: float, ended: bool = True, **fields: Any) -> ProbeFacts:
    process = Process(pid=1, parent=0, command="-m src.main", ended=ended)
    return ProbeFacts(processes=[process], counters={"cpu_seconds": told}, **fields)


def test_work_that_no_process_tells_of_is_disputed() -> None:
    assert unaccounted(facts(told=8.0), 95.0) == (
        "the kernel counted 95 s of CPU time, and the processes that the probe saw used 8 s"
    )


def test_what_children_of_python_and_processes_that_left_did_is_told_by_themselves() -> None:
    child = Started(pid=1, command="python x", python=True)
    assert unaccounted(facts(told=8.0, started=[child]), 95.0)
    left = Process(pid=2, parent=1, command="-m src.main", left=True)
    seen = facts(told=8.0)
    assert unaccounted(seen.model_copy(update={"processes": [*seen.processes, left]}), 95.0)


@pytest.mark.parametrize(
    ("seen", "kernel"),
    [
        (facts(told=8.0), 30.0),
        (facts(told=80.0), 120.0),
        (facts(told=8.0), None),
        (facts(told=8.0, ended=False), 95.0),
        (facts(told=8.0, started=[Started(pid=1, command="gcc kernel.c")]), 95.0),
        (
            facts(told=8.0, started=[Started(pid=1, command="gcc"), Started(pid=1, command="python x", python=True)]),
            95.0,
        ),
        (facts(told=8.0, unobserved=["python -I x"]), 95.0),
        (facts(told=8.0, cut=["processes"]), 95.0),
        (ProbeFacts(), 95.0),
    ],
)
def test_what_can_be_explained_is_not(seen: ProbeFacts, kernel: float | None) -> None:
    assert unaccounted(seen, kernel) == ""
