"""A source file's text as its readers take it."""

from __future__ import annotations


def without_mark(text: str) -> str:
    """The text without a byte order mark at its start.

    Python, uv and YAML 1.2 read a UTF-8 file that begins with one as if it were not there; parsers of text, as
    `ast.parse` and `tomllib`, get what is behind it.
    """
    return text.removeprefix("\ufeff")
