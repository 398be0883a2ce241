"""Which packages a resolution went around, as uv's log tells, and ranges in uv's words."""

from __future__ import annotations

import pytest

from sandbox.inside.fetch_sources import ranges
from sandbox.inside.install import unavailable


def search(name: str, allowed: str) -> str:
    return f"DEBUG Searching for a compatible version of {name} ({allowed})\n"


OTHER = "DEBUG Found fresh response for: https://example.org/simple/a/\n"
SELECTED = "DEBUG Selecting: a==1.0 [compatible] (a-1.0-py3-none-any.whl)\n"


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (search("a", "*") + OTHER + SELECTED, {}),
        (search("a", ">=1") + search("a", ">=1, <2") + SELECTED, {}),
        (search("b", ">=4.9") + search("b", ">=4.9, <4.9.3") + search("a", "*") + SELECTED, {"b": ">=4.9"}),
        (search("b[x]", "==2") + OTHER + search("a{m == 'x' and (n or o)}", "*") + SELECTED, {"b": "==2"}),
        (search("a", "*") + SELECTED + search("b", "<1 | >2"), {"b": "<1 | >2"}),
        ("", {}),
    ],
)
def test_what_was_searched_and_not_found(log: str, found: dict[str, str]) -> None:
    assert unavailable(log) == found


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=4.9.dev0, <4.10.dev0", "4.9.3", "4.13.2"),
        ("<=2025.10.0+", "2025.10.0", "2026.1"),
        ("<1 | >=3", "3.1", "2.0"),
        ("*", "7", "7rc1"),
        ("", "0.6.2", "0.6.2.dev1"),
    ],
)
def test_ranges_in_uvs_words(text: str, inside: str, outside: str) -> None:
    allowed = ranges(text)
    assert any(inside in versions for versions in allowed)
    assert not any(outside in versions for versions in allowed)
