"""What a reader says of a submission that cannot be used: all of it, in one message."""

from __future__ import annotations

SHOWN = 200
"""Problems listed one by one; hostile input can have any number, so the rest are counted."""


class SubmissionError(Exception):
    """The submission cannot be used. `problems` says of each what, where, and what to do next."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(problems)
        count = len(problems)
        lines = [f"This submission cannot be used: {count} problem{'' if count == 1 else 's'}."]
        lines += [f"  - {problem}" for problem in problems[:SHOWN]]
        if count > SHOWN:
            lines.append(f"  - and {count - SHOWN} more of them")
        super().__init__("\n".join(lines))


class UnreadableError(SubmissionError):
    """The submission could not be read here and now, which says nothing of its content: a path that is gone, a disk
    that fails, a missing program."""


class Problems:
    """Gathers problems while a reader goes on reading, so that the user sees them all at once."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, where: str, what: str) -> None:
        """Record that `what` is wrong at `where`; saying the same twice records it once."""
        self._seen[f"{where}: {what}" if where else what] = None

    def __bool__(self) -> bool:
        return bool(self._seen)

    def __len__(self) -> int:
        return len(self._seen)

    @property
    def messages(self) -> list[str]:
        return list(self._seen)

    def raise_if_any(self) -> None:
        """Raise `SubmissionError` with everything recorded so far, if anything was."""
        if self._seen:
            raise SubmissionError(self.messages)


def show(text: str, width: int = 100) -> str:
    """`text` quoted for a message: shortened, and with no character that a terminal would act on."""
    quoted = ascii(text[: width + 1]) if not text.isprintable() else repr(text[: width + 1])
    return quoted if len(text) <= width else quoted[: width - 1] + "…'"
