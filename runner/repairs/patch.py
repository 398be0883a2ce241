"""All repairs as one diff, and the way from a line of the repaired copy back to the submission's own."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from runner.rules.base import Draft

_NO_NEWLINE = "\\ No newline at end of file"


def unified_diff(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """A diff that `git apply` takes, over all files that differ; "" where none does.

    Files are only changed or added, never removed.
    """
    parts = []
    for path in sorted(after):
        old, new = before.get(path), after[path]
        if old == new:
            continue
        parts.append(f"diff --git a/{path} b/{path}\n")
        if old is None:
            parts.append("new file mode 100644\n")
        source = "/dev/null" if old is None else f"a/{path}"
        lines = difflib.unified_diff(_lines(old or ""), _lines(new), source, f"b/{path}", n=3)
        for line in lines:
            parts.append(line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}\n")
    return "".join(parts)


def _lines(text: str) -> list[str]:
    # Only "\n" ends a line for git; str.splitlines knows more.
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def original_line(before: str, after: str, line: int) -> int | None:
    """The line of `before` that stands at `line` of `after`, both from 1; None where a repair wrote it."""
    return _mapping(before, after).get(line)


def restored(drafts: Sequence[Draft], before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Draft]:
    """The drafts with the original's line numbers; without those that a repair's own lines gave rise to."""
    for draft in drafts:
        if draft.file is None or before.get(draft.file) == after.get(draft.file):
            yield draft
            continue
        if draft.file not in before:
            continue
        if draft.line is None:
            yield draft
            continue
        line = original_line(before[draft.file], after[draft.file], draft.line)
        if line is not None:
            root = tuple(str(line) if part == str(draft.line) else part for part in draft.root)
            yield replace(draft, line=line, root=root)


@lru_cache(maxsize=64)
def _mapping(before: str, after: str) -> Mapping[int, int]:
    matcher = difflib.SequenceMatcher(None, before.split("\n"), after.split("\n"), autojunk=False)
    return {b + k + 1: a + k + 1 for a, b, size in matcher.get_matching_blocks() for k in range(size)}
