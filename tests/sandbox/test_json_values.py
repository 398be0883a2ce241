"""JSON of code under review comes out as values that can be written again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.json_values import is_number, parse

WIDE = 10**400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, -2.5, true, null, "NaN"]}', {"a": [1, -2.5, True, None, "NaN"]}),
        ("[NaN, Infinity, -Infinity]", ["NaN", "Infinity", "-Infinity"]),
        (f"[{WIDE}, -{WIDE}, 1e999, -1e999]", ["Infinity", "-Infinity", "Infinity", "-Infinity"]),
        (r'"\ud800"', "\ufffd"),
        (r'"\uDFFF\uD83D"', "\ufffd\ufffd"),
        (r'"\ud83d\ude00 \u00e4"', "\U0001f600 \xe4"),
        (r'"\\ud800 \\\ud800"', "\\ud800 \\\ufffd"),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert parse(text) == value
    json.dumps(parse(text), allow_nan=False, ensure_ascii=False).encode()


def test_depth_is_bounded_and_breadth_is_not() -> None:
    assert parse("[" * 200 + "]" * 200) and parse("[" + ",".join(["{}"] * 1000) + "]")
    for text in ("[" * 201 + "]" * 201, '{"a":' * 900 + "1" + "}" * 900):
        with pytest.raises(ValueError, match="200 deep"):
            parse(text)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\\ud800"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        parse(text)


@pytest.mark.parametrize("value", [0, -1.5, 10**300])
def test_numbers(value: object) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", [True, None, "1", float("nan"), float("inf"), WIDE, [1]])
def test_what_is_no_number(value: object) -> None:
    assert not is_number(value)
