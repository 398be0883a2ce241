"""Text of a submission, made safe to show: what could fool a terminal, a parser or a reader becomes an escape."""

from __future__ import annotations

import re
from enum import StrEnum

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # window titles, links: up to their terminator
    r"|\x1b[ -/]*[0-~]",
    re.MULTILINE,
)
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls but for tab and newline
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # these change the order in which a line is shown
    r"\u2028\u2029\ud800-\udfff\ufffe\uffff]"  # line separators to some, and what XML and UTF-8 cannot hold
)


def plain(text: str) -> str:
    """`text` without ANSI sequences; other controls, bidirectional overrides and lone surrogates as visible escapes.

    A carriage return becomes a new line: nothing that it would overwrite is hidden.
    """
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _UNSAFE.sub(lambda match: _escape(match.group()), text)


def one_line(text: str, limit: int) -> str:
    """`plain(text)` on one line of at most `limit` characters, cut at its end."""
    line = " ".join(plain(text[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def clip(text: str, limit: int) -> str:
    """`plain(text)` in about `limit` characters: the first third and the last two thirds, and how much is between."""
    if len(text) > 4 * limit:  # before cleaning: a megabyte is cheap to cut and dear to clean
        gone, text = len(text) - 4 * limit, text[: 2 * limit] + text[-2 * limit :]
    else:
        gone = 0
    text = plain(text).strip("\n")
    if len(text) <= limit:
        return text
    head, tail = limit // 3, limit - limit // 3
    gone += len(text) - head - tail
    return f"{text[:head].rstrip()}\n… {gone:,} characters left out …\n{text[-tail:].lstrip()}"


def last_lines(text: str, lines: int, limit: int) -> str:
    """The end of `plain(text)`: at most `lines` lines and `limit` characters."""
    end = plain(text[-4 * limit :]).strip("\n").split("\n")[-lines:]
    joined = "\n".join(line.rstrip() for line in end)
    return joined if len(joined) <= limit else "…" + joined[1 - limit :]


def label(word: StrEnum) -> str:
    """The words of an enum's value: `not_exercised` is shown as "not exercised"."""
    return word.value.replace("_", " ")


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 finding", "2 findings"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def seconds(value: float) -> str:
    """A duration in seconds as people read it: 0.4 s, 12 s, 3 min 05 s, 1 h 02 min."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def megabytes(value: float | None) -> str:
    """A size in MiB: 412 MiB, 3.1 GiB; empty where it was not measured."""
    if value is None:
        return ""
    return f"{value / 1024:.1f} GiB" if value >= 1024 else f"{value:.0f} MiB"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
