from __future__ import annotations

import json
import math

import pytest
from wandb_http import Caller

from sandbox.wandb_mock.history import Selection, flatten, key_facts, select, thin

ROWS = [{"_step": step, "x": step * 2, **({"y": -step} if step % 2 else {})} for step in range(10)]


def test_nested_values_become_flat_keys_and_typed_ones_stay() -> None:
    row = {"a": {"b": {"c": 1}, "d": []}, "picture": {"_type": "image-file", "path": "p"}, "empty": {}}
    assert flatten(row) == {"a.b.c": 1, "a.d": [], "picture": row["picture"], "empty": {}}


def test_deep_nesting_does_not_recurse() -> None:
    row: dict[str, object] = {"x": 1}
    for _ in range(5000):
        row = {"d": row}
    assert len(flatten(row)) == 1


@pytest.mark.parametrize(("samples", "expected"), [(0, 0), (1, 1), (2, 2), (5, 5), (10, 10), (500, 10)])
def test_samples_are_spread_from_first_to_last(samples: int, expected: int) -> None:
    found = thin(ROWS, samples)
    assert len(found) == expected
    if samples > 1:
        assert (found[0], found[-1]) == (ROWS[0], ROWS[-1])


def test_named_keys_give_the_rows_that_have_them_all() -> None:
    found = select(ROWS, Selection(keys=("_step", "x", "y")))
    assert [row["_step"] for row in found] == [1, 3, 5, 7, 9]
    assert set(found[0]) == {"_step", "x", "y"}


def test_steps_are_half_open() -> None:
    assert [row["_step"] for row in select(ROWS, Selection(min_step=2, max_step=4))] == [2, 3]


def test_rows_without_a_step_count_by_their_place() -> None:
    assert select([{"x": 1}, {"x": 2}], Selection(min_step=1, max_step=math.inf)) == [{"x": 2}]


def test_facts_about_keys() -> None:
    facts = key_facts([*ROWS, {"_step": 10, "x": "NaN", "word": "w"}])
    assert facts["lastStep"] == 10
    assert facts["keys"]["x"] == {
        "typeCounts": [{"type": "number", "count": 11}],
        "monotonic": True,
        "previousValue": 18,
    }
    assert facts["keys"]["y"]["monotonic"] is False
    assert facts["keys"]["word"]["typeCounts"] == [{"type": "string", "count": 1}]


@pytest.mark.parametrize(
    ("spec", "steps"),
    [
        ({"minStep": 0, "maxStep": 9, "samples": 10}, 10),
        ({"minStep": 0, "maxStep": 4, "samples": 4}, 4),
        ({"samples": 3}, 3),
        ({}, 10),
    ],
)
def test_windows_of_sampled_history(caller: Caller, spec: dict[str, int], steps: int) -> None:
    """Newer clients count the last step in and ask for as many samples; older ones ask for pages that only touch."""
    caller.begin()
    caller.stream(rows=ROWS)
    query = (
        'query S($specs: [JSONString!]!) { project(name: "demo", entityName: "team") '
        '{ run(name: "one") { sampledHistory(specs: $specs) } } }'
    )
    found = caller.data(query, specs=[json.dumps({"keys": ["_step", "x"], **spec})])
    assert len(found["project"]["run"]["sampledHistory"][0]) == steps
