"""JSON that code under review wrote, as values that can be calculated with, compared and written again.

Python reads more than that: whole numbers of any length, 1e999 as an infinity, halves of surrogate pairs, which UTF-8
cannot hold. What is beyond a double comes out as the word that NaN and the infinities do, and half a pair as U+FFFD,
which is what the real W&B server's decoder (Go's encoding/json) makes of it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeGuard

MAX_DEPTH = 200
"""What is read must be written again, from deeper in the program, by a writer that recurses."""
DIGITS = 308
"""Digits of the largest whole number that is surely a double."""
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a whole pair
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


def parse(text: str) -> Any:
    """Raises ValueError or RecursionError for what is not JSON; NaN and Infinity, which Python writes, become words."""
    value = json.loads(whole_pairs(text), parse_constant=str, parse_int=whole_number, parse_float=real_number)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level, depth = [value] if isinstance(value, dict | list) else [], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} deep")
        parts = (item.values() if isinstance(item, dict) else item for item in level)
        level = [inner for part in parts for inner in part if isinstance(inner, dict | list)]


def whole_pairs(text: str) -> str:
    """JSON text in which every escaped half of a surrogate pair is U+FFFD."""
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _ESCAPE.sub(lambda found: "\ufffd" if found["half"] else found[0], text)


def whole_number(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else _infinity(digits)


def real_number(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else _infinity(digits)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number that a double can hold, neither NaN nor infinite; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _infinity(digits: str) -> str:
    return "-Infinity" if digits.startswith("-") else "Infinity"
