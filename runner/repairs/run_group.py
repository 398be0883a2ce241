"""Rung: how `run=ID` reaches the run's file, and where its values stand: at the root, under `run`, or both.

`run=ID` on the command line selects a file of the group config/run, if there is such a group; without one it sets the
plain value `run`. Which of these the code needs is told by what it reads. Where the run files lie in another folder, a
small file per run id in config/run brings them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import yaml

from runner.repairs import yaml_text
from runner.repairs.base import Blocker, Repair
from runner.repairs.hydra_entry import CONFIG
from runner.rules.config_reads import config_reads, loads_run_file
from runner.source_text import yaml_mapping
from runner.vocabulary import StageName

GROUP = "config/run"
_OWN_ENTRY = re.compile(r"^[{\s]*(?:optional\s+|override\s+)?/?runs?(?:@[\w.]+)?\s*(?:[:/]|$)")
_PACKAGE = "# @package _global_\n"
_FULL_KEY = re.compile(r"full_key: ([\w.\[\]]+)")


@dataclass(frozen=True)
class Wiring:
    """Where the values of a run's file stand in the configuration."""

    at_root: bool = False
    under_run: bool = False
    name: bool = False
    """Whether `run` is the run id itself."""
    elsewhere: str = ""
    """Another package that the submission's own defaults entry puts them in."""


def run_group(blocker: Blocker) -> Repair | None:
    """`run=ID` finds no file, or is refused, or its defaults entry cannot be resolved."""
    composition = blocker.composition
    if composition is None or not composition.names_config or CONFIG not in blocker.files:
        return None
    said = "\n".join(composition.errors)
    unresolved = [entry for entry, _ in _own_entries(blocker.files[CONFIG]) if "${" in entry]
    not_found = re.search(r"(?:Could not (?:find|load|override)|must specify) '(?:config/)?(runs?)(?:/|'|@)", said)
    ambiguous = "run" in composition.absent_keys
    if not (not_found or ambiguous or unresolved):
        return None
    reads = config_reads(blocker.files)
    if loads_run_file(blocker.files) and not reads.deep("run") and not unresolved and not not_found:
        return None  # the code wants the plain value; see command_line_keys
    deep = bool(reads.deep("run"))
    name = not deep and ("run",) in reads.needed
    package = next((package for entry in unresolved if (package := _package(entry))), "")
    if package and not deep:
        # What the entry says is kept: that the code reads it elsewhere is a mistake of its own, and shows next.
        return _wired(blocker, Wiring(name=name, elsewhere=package))
    return _wired(blocker, Wiring(at_root=not deep, under_run=deep, name=name))


def unreachable_value(blocker: Blocker) -> Repair | None:
    """The code reads a key of the run's file where it does not stand: at the root, or under `run`."""
    trace = blocker.traceback
    if trace is None or CONFIG not in blocker.files or loads_run_file(blocker.files):
        return None
    now = _present(blocker)
    if now is None:
        return None
    if blocker.says("'str' object has no attribute", "unsupported interpolation") and _reads_run(blocker):
        return _wired(blocker, replace(now, under_run=True, name=False))
    found = _FULL_KEY.search(trace.message)
    if not blocker.says("is not in struct", "Missing key", "missing mandatory") or found is None:
        return None
    path = tuple(part for part in re.split(r"[.\[\]]", found[1]) if part)
    for run in blocker.case.submission.runs:
        if run.run_id not in blocker.case.run_ids:
            continue
        values = yaml_mapping(run.run_config)
        if path[0] == "run" and len(path) > 1 and path[1] in values and not now.under_run:
            return _wired(blocker, replace(now, under_run=True, name=False))
        if path[0] in values and not now.at_root:
            return _wired(blocker, replace(now, at_root=True))
    return None


def wants_group(files: Mapping[str, str]) -> bool:
    """Whether the code reads values of the run's file that Hydra is to bring in."""
    reads = config_reads(files)
    return bool(reads.deep("run")) or not loads_run_file(files)


def _package(entry: str) -> str:
    """Where an entry such as `runs: ${run}` or `runs/${run}` puts the file's values, "" at the root or under `run`."""
    found = re.match(r"^[{\s]*(?:optional\s+)?/?(\w+)(?:@([\w.]+))?\s*[:/]", entry)
    package = (found[2] or found[1]) if found else ""
    return "" if package in ("_global_", "_here_", "run") else package


def _own_entries(text: str) -> list[tuple[str, yaml.Node]]:
    return [(entry, node) for entry, node in yaml_text.defaults(text) if _OWN_ENTRY.match(entry)]


def _reads_run(blocker: Blocker) -> bool:
    """Whether the failing line reads something below `run`."""
    trace = blocker.traceback
    if trace is None or trace.file is None:
        return False
    places = {place for path, place in config_reads(blocker.files).needed.items() if path[0] == "run" and len(path) > 1}
    lines = blocker.files.get(trace.file, "").split("\n")
    line = lines[(trace.line or 1) - 1] if 0 < (trace.line or 0) <= len(lines) else ""
    return bool(places) and (re.search(r"\brun\b|run_", line) is not None or (trace.file, trace.line or 0) in places)


def _present(blocker: Blocker) -> Wiring | None:
    """Where the values stand now; None where the run's file is not brought in by the defaults list."""
    entries = [entry for entry, _ in _own_entries(blocker.files[CONFIG])]
    if not entries:
        return None
    paths = [f"{GROUP}/{run_id}.yaml" for run_id in blocker.case.run_ids]
    if blocker.case.submission.run_config_dir == GROUP:
        whole = any(_PACKAGE.strip() in blocker.files.get(path, "") for path in paths)
        return Wiring(at_root=whole, under_run=not whole)
    wrapper = next((blocker.files[path] for path in paths if path in blocker.files), "")
    if not wrapper:
        return Wiring(at_root=any("@_global_" in e for e in entries), under_run=any("@run" in e for e in entries))
    return Wiring("@_global_" in wrapper, "@run" in wrapper, "\nrun: " in wrapper)


def _wired(blocker: Blocker, wiring: Wiring) -> Repair | None:
    """The edits that bring the run's values to where they are wanted."""
    submission = blocker.case.submission
    group = submission.run_config_dir
    if not group.startswith("config/"):
        return None
    if wiring.elsewhere and group == GROUP:  # a file of the group itself has one place only
        wiring = replace(wiring, at_root=True, elsewhere="")
    text = _group_entry(blocker.files[CONFIG])
    if text is None:
        return None
    files = {CONFIG: text}
    if group == GROUP:
        if wiring.at_root and not wiring.under_run:
            for run in submission.runs:
                if "@package" not in run.run_config:
                    files[submission.run_config_path(run.run_id)] = _PACKAGE + run.run_config
        elif wiring.at_root:
            text = _aliases(text, blocker)
            if text is None:
                return None
            files[CONFIG] = text
        if wiring.name:
            named = yaml_text.with_key(text, ["run"], "${hydra:runtime.choices.run}")
            if named is None:
                return None
            files[CONFIG] = named
    else:
        name = group.removeprefix("config/")
        files |= {f"{GROUP}/{run_id}.yaml": _wrapper(name, run_id, wiring) for run_id in submission.run_ids}
    places = {"at the root": wiring.at_root, "under `run`": wiring.under_run}
    if wiring.elsewhere:
        places[f"under `{wiring.elsewhere}`"] = True
    where = " and ".join(place for place, there in places.items() if there)
    small = "" if group == GROUP else f" and a small file per run id in {GROUP}"
    return Repair(
        kind="run-group",
        what=f"Let `run=ID` select the run's file by `run: ???` in the defaults list{small}, with its values {where}.",
        files=files,
        begins=StageName.COMPOSE,
    )


def _group_entry(text: str) -> str | None:
    """The configuration with `run: ???` in its defaults list, in place of what stood for the run there."""
    entries = _own_entries(text)
    if any(re.match(r"^(?:optional\s+)?run\s*:", entry) and "${" not in entry for entry, _ in entries):
        return text
    for _ in entries:
        text = yaml_text.without_default(text, _own_entries(text)[0][1])
    # What is left may be no list any more, and a list without _self_ leaves the order open.
    if not yaml_text.defaults(text):
        root = yaml_text.root_of(text)
        key = next((key for key, _ in root.value if key.value == "defaults"), None) if root is not None else None
        if key is not None:
            at = text.index("\n", key.start_mark.index) + 1
            return f"{text[:at]}  - _self_\n  - run: ???\n{text[at:]}"
    elif not any(entry == "_self_" for entry, _ in yaml_text.defaults(text)):
        with_self = yaml_text.with_default(text, "_self_")
        text = with_self if with_self is not None else text
    return yaml_text.with_default(text, "run: ???")


def _wrapper(group: str, run_id: str, wiring: Wiring) -> str:
    lines = [_PACKAGE.strip(), "defaults:"]
    if wiring.at_root:
        lines.append(f"  - /{group}@_global_: {run_id}")
    if wiring.under_run:
        lines.append(f"  - /{group}@run: {run_id}")
    if wiring.elsewhere:
        lines.append(f"  - /{group}@{wiring.elsewhere}: {run_id}")
    lines.append("  - _self_")
    if wiring.name:
        lines.append(f"run: {run_id}")
    return "\n".join(lines) + "\n"


def _aliases(text: str, blocker: Blocker) -> str | None:
    """Interpolations at the root for the sections of the run's file that the code reads there."""
    have = yaml_text.root_of(text)
    present = {key.value for key, _ in have.value} if have is not None else set()
    read = {path[0] for path in config_reads(blocker.files).needed}
    new: str | None = text
    for key in dict.fromkeys(_keys(run.run_config for run in blocker.case.submission.runs)):
        if key in read and key not in present and new is not None:
            new = yaml_text.with_key(new, [key], f"${{run.{key}}}")
    return new


def _keys(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        yield from yaml_mapping(text)
