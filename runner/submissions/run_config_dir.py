"""Which directory holds the run configurations, where the submission does not name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from runner.submissions.slots import RUN_CONFIG_DIR, RUN_CONFIG_DIRS

# `config/runs/`, and the same joined from parts: "config" / "runs", os.path.join("config", "runs").
_IN_TEXT = re.compile(r"\bconfig/(runs?)(?=/)")
_IN_CODE = re.compile(r"""\bconfig(?:/|["']\s*[,/]\s*["'])(runs?)\b(?!\s*=)""")


def from_instructions(text: str) -> str | None:
    """The directory that an instruction text names; None when it names none, or both equally often."""
    return _most_named(_IN_TEXT.findall(text))


def from_code(files: Mapping[str, str]) -> str | None:
    """The directory whose path the code spells out; None when it spells out none, or both equally often.

    A Hydra group `run` in the defaults list is no evidence: code that expects it in another directory
    than its files are in is a defect that a review has to show.
    """
    return _most_named(name for text in files.values() for name in _IN_CODE.findall(text))


def derive(instructions: str, files: Mapping[str, str]) -> str:
    """The directory that the text says, else that the code spells out, else the usual one.

    The text comes first: it is what the files were laid out by, and code that reads elsewhere fails.
    """
    return from_instructions(instructions) or from_code(files) or RUN_CONFIG_DIR


def of_tree(paths: Iterable[str], files: Mapping[str, str]) -> str:
    """The directory of a repository's run configurations: the one that holds YAML files."""
    present = {path.rpartition("/")[0] for path in paths if path.endswith(".yaml")}
    holding = [directory for directory in RUN_CONFIG_DIRS if directory in present]
    if len(holding) == 1:
        return holding[0]
    named = from_code(files)
    return named if named and (named in holding or not holding) else RUN_CONFIG_DIR


def _most_named(names: Iterable[str]) -> str | None:
    counts = {"runs": 0, "run": 0}
    for name in names:
        counts[name] += 1
    if counts["runs"] == counts["run"]:
        return None
    return "config/" + max(counts, key=lambda name: counts[name])
