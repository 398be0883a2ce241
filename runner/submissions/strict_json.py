"""JSON from strangers: bounded in depth, no key twice, no value that another reader would refuse."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from runner.submissions.errors import Problems, show
from runner.submissions.limits import INTEGER_DIGITS, JSON_VALUES, NESTING

# A whole string, or a bracket or comma outside of strings. A string that never ends matches up to the end of the
# text, so that the scan stays linear whatever the text holds.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{\]},]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


def parse(text: str, where: str, problems: Problems) -> Any:
    """The value of the JSON document `text`, or None with the reasons in `problems`.

    Problems that leave a value to go on with (a key twice, NaN, a huge number, a lone surrogate) are
    recorded and the value is returned, so that the caller can look for more.
    """
    if fault := extent(text, 0).fault:
        problems.add(where, fault)
        return None
    decoder = json.JSONDecoder(
        object_pairs_hook=lambda pairs: _object(pairs, where, problems),
        parse_int=lambda digits: _integer(digits, where, problems),
        parse_float=lambda digits: _float(digits, where, problems),
        parse_constant=lambda name: _constant(name, where, problems),
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        problems.add(where, f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}")
        return None
    if _SURROGATE_ESCAPE.search(text):
        _check_surrogates(value, where, problems)
    return value


class Extent(NamedTuple):
    """Where the object or array that opens at some place closes, or why it may not be parsed."""

    end: int | None
    """Behind its last bracket; None when it never closes."""
    fault: str | None


def extent(text: str, start: int) -> Extent:
    """The extent of the JSON object or array in `text` at `start`, found without parsing it.

    It comes before the parser because a parser's cost in memory and stack is decided by then.
    """
    depth = 0
    for count, token in enumerate(_TOKEN.finditer(text, start)):
        first = text[token.start()]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
            if depth <= 0:
                return Extent(token.end(), None)
        if depth > NESTING:
            return Extent(None, f"is nested over {NESTING} deep; flatten it")
        if count > JSON_VALUES:
            return Extent(None, f"holds over {JSON_VALUES} values; a submission holds code, not data")
    return Extent(None, None)


def _object(pairs: list[tuple[str, Any]], where: str, problems: Problems) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            problems.add(where, f"the key {show(key)} stands twice in one object; keep one of them")
        found[key] = value
    return found


def _integer(digits: str, where: str, problems: Problems) -> int:
    if len(digits) > INTEGER_DIGITS:
        problems.add(where, f"holds an integer of {len(digits)} digits; {INTEGER_DIGITS} is the most")
        return 0
    return int(digits)


def _float(digits: str, where: str, problems: Problems) -> float:
    value = float(digits) if len(digits) < 1000 else math.inf
    if math.isinf(value):
        problems.add(where, f"holds the number {show(digits, 30)}, which no 64-bit float can hold")
        return 0.0
    return value


def _constant(name: str, where: str, problems: Problems) -> None:
    problems.add(where, f"holds {name}, which is not JSON; use null or a string")


def _check_surrogates(value: Any, where: str, problems: Problems) -> None:
    pending = [(value, where)]
    while pending:
        item, place = pending.pop()
        if isinstance(item, str):
            if not is_unicode(item):
                problems.add(place, "holds a lone surrogate (half of a \\u pair); write the whole character")
        elif isinstance(item, list):
            pending += [(inner, place) for inner in item]
        elif isinstance(item, dict):
            for key, inner in item.items():
                pending.append((key, place))
                pending.append((inner, f"{place}: {show(key, 40)}"))


def is_unicode(text: str) -> bool:
    """Whether `text` can be written as UTF-8 at all."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
