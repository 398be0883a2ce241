"""All keys that the code reads and a run's configuration does not have, where a run was seen to miss one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.review import Traceback
from runner.rules.base import Case
from runner.rules.config_reads import Path, config_reads, loads_run_file
from runner.source_text import yaml_mapping

_SHOWN = 12


def further_missing(case: Case, traceback: Traceback) -> str:
    """One sentence on the other keys that are missing too, "" where there is none or another kind of failure."""
    if not traceback.type.endswith(("ConfigAttributeError", "ConfigKeyError", "MissingMandatoryValue")):
        return ""
    found = re.search(r"full_key: ([\w.]+)", traceback.message)
    known = found[1] if found else ""
    everywhere: dict[str, list[str]] = {}
    for run_id in case.run_ids:
        for path in missing(case, run_id):
            key = ".".join(path)
            if key != known:
                everywhere.setdefault(key, []).append(run_id)
    if not everywhere:
        return ""
    words = [
        key if len(ids) == len(case.run_ids) else f"{key} (of {', '.join(ids)})" for key, ids in everywhere.items()
    ]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    listed = ", ".join(words[:_SHOWN])
    return f" The code also reads keys that the configuration does not have, if it comes to them: {listed}{more}."


def missing(case: Case, run_id: str) -> list[Path]:
    """Keys read without a guard that neither the composed configuration nor the run's file, if it is read, has."""
    parts = _configurations(case, run_id)
    if not parts:
        return []
    reads = config_reads(case.submission.files)
    given = reads.guarded | reads.written
    found: dict[Path, None] = {}
    for paths in reads.together:
        absent = [_absent(parts, path) for path in sorted(paths, key=len, reverse=True)]
        if all(absent) and not any(path in given for path in absent):
            found.setdefault(absent[0])
    return list(found)


def _absent(parts: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """The first key on the way to `path` that no part has, () where one has all of it."""
    reached = max(_depth(part, path) for part in parts)
    return path[: reached + 1] if reached < len(path) else ()


def _configurations(case: Case, run_id: str) -> list[Mapping[str, Any]]:
    facts = case.compose
    composed = [c for c in facts.compositions if c.run_id == run_id and c.ok] if facts is not None else []
    if not composed:
        return []
    parts: list[Mapping[str, Any]] = [yaml_mapping(composition.config) for composition in composed]
    if loads_run_file(case.submission.files):
        own = yaml_mapping(next((run.run_config for run in case.submission.runs if run.run_id == run_id), ""))
        parts += [own, {"run": own}]
    return parts


def _depth(config: object, path: Path) -> int:
    """How many keys of the path a configuration has; all, behind what reading alone cannot see through."""
    for number, key in enumerate(path):
        if not isinstance(config, Mapping):
            return number if config is None else len(path)
        if key not in config:
            return number
        config = config[key]
    return len(path)
