"""GitHub's expressions, as far as the action and the workflows use them.

https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions: values are strings and
booleans; `a || b` is `a` where that is truthy, and `!`, `&&`, `||` bind in this order, comparisons before `&&`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Value = str | bool
_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(\|\||&&|==|!=|[!()])|([A-Za-z_][\w.-]*))")
_STATUS = re.compile(r"\b(always|success|failure|cancelled)\(\)")


def condition(text: str, look_up: Callable[[str], str], failed: bool) -> bool:
    """Whether a step with `if: text` runs after steps of which one `failed` or not. Nothing here cancels a job."""
    if text and not _STATUS.search(text):
        text = f"success() && ({text})"
    return bool(
        evaluate(
            text or "success()", look_up, {"always": True, "success": not failed, "failure": failed, "cancelled": False}
        )
    )


def evaluate(text: str, look_up: Callable[[str], str], status: Mapping[str, bool]) -> Value:
    """The value of an expression; `look_up` gives what a name such as `inputs.artifact` stands for."""
    return _Reader(text, look_up, status).read()


class _Reader:
    """Reads an expression from left to right; every method takes what binds tighter than the one before it."""

    def __init__(self, text: str, look_up: Callable[[str], str], status: Mapping[str, bool]) -> None:
        self._tokens = self._split(text)
        self._look_up, self._status = look_up, status

    def read(self) -> Value:
        value = self._either()
        assert not self._tokens, f"left over: {self._tokens}"
        return value

    @staticmethod
    def _split(text: str) -> list[re.Match[str]]:
        tokens, place = [], 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            assert found is not None, f"not read: {text[place:]}"
            tokens.append(found)
            place = found.end()
        return tokens

    def _taken(self, *operators: str) -> str:
        if self._tokens and self._tokens[0].group(2) in operators:
            return str(self._tokens.pop(0).group(2))
        return ""

    def _either(self) -> Value:
        value = self._both()
        while self._taken("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._taken("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Value:
        value = self._single()
        operator = self._taken("==", "!=")
        return (value == self._single()) is (operator == "==") if operator else value

    def _single(self) -> Value:
        if self._taken("!"):
            return not self._single()
        if self._taken("("):
            value = self._either()
            assert self._taken(")")
            return value
        token = self._tokens.pop(0)
        literal, _, name = token.groups()
        if literal is not None:
            return literal.replace("''", "'")
        if self._taken("("):
            assert self._taken(")")
            return self._status[name]
        return self._look_up(name)
