"""The canary: a submission that is known to be ready. Where it is not found so, the night says nothing."""

from __future__ import annotations

from pathlib import Path

from runner.nightly.corpus import EXPECT, CorpusError, Expect, Member, read_expect
from runner.nightly.night import NightVerdict, Result

NAME = "canary"
_ROOT = Path(__file__).parents[2]
_BUNDLED = (Path(__file__).parent / "known_good", _ROOT / "tests" / "submissions" / "clean")
"""Where the wheel has the bundled one, and where a checkout has it."""


def canary_member(word: str) -> Member | None:
    """The canary that `nightly.canary` names; None where it is switched off. Raises CorpusError."""
    if word == "none":
        return None
    if word != "bundled":
        path = Path(word)
        return Member(name=NAME, word=word, expect=read_expect(path / EXPECT) if path.is_dir() else Expect())
    folder = next((folder for folder in _BUNDLED if folder.is_dir()), None)
    if folder is None:
        raise CorpusError("nightly.canary: the bundled one is not installed; name one, or nightly.canary=none")
    return Member(name=NAME, word=str(folder), expect=read_expect(folder / EXPECT))


def is_well(result: Result) -> bool:
    """Whether the canary was found to be what it is."""
    return result.verdict is NightVerdict.READY
