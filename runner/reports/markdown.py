"""A submission's text inside Markdown: shown as it is, never as markup."""

from __future__ import annotations

import re

from runner.reports.text import one_line

_CODE_SPAN = re.compile(r"`([^`]+)`")
_MARKUP = re.compile(r"[\\*\[\]<>|`~#]")
_MENTION = re.compile(r"(?<![\w`])@[\w./-]*\w")


def inline(text: str, limit: int) -> str:
    """One line of prose: code spans stay, other markup is escaped.

    `@name` becomes code, so that a comment calls nobody.
    """
    line = one_line(text, limit)
    return "".join(f"`{part}`" if is_code else _escape(part) for is_code, part in spans(line))


def spans(line: str) -> list[tuple[bool, str]]:
    """A line in parts: whether it is a code span, and its text without the backticks."""
    return [(bool(place % 2), part) for place, part in enumerate(_CODE_SPAN.split(line)) if part]


def code(text: str, limit: int = 200) -> str:
    """`text` as a code span."""
    line = one_line(text, limit)
    if not line:
        return ""
    ticks = "`" * (1 + _longest_run(line))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(text: str, language: str = "text") -> str:
    """`text` as a code block that it cannot end itself."""
    ticks = "`" * max(3, 1 + _longest_run(text))
    return f"{ticks}{language}\n{text}\n{ticks}"


def _escape(text: str) -> str:
    parts, end = [], 0
    for mention in _MENTION.finditer(text):
        parts += [_MARKUP.sub(r"\\\g<0>", text[end : mention.start()]), f"`{mention.group()}`"]
        end = mention.end()
    return "".join([*parts, _MARKUP.sub(r"\\\g<0>", text[end:])])


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
