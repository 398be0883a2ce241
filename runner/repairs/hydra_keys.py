"""Rung: a config/config.yaml that does not compose for keys that it lacks, doubles, or that Hydra does not have."""

from __future__ import annotations

import re

import yaml

from runner.repairs import yaml_text
from runner.repairs.base import Blocker, Repair
from runner.repairs.hydra_entry import CONFIG
from runner.repairs.run_group import wants_group
from runner.rules.config_reads import loads_run_file
from runner.vocabulary import StageName

_FULL_KEY = re.compile(r"full_key: (hydra\.[\w.]+)")
_FOREIGN = re.compile(r"Key '(\w+)' not in '\w+'")
_NOT_FOUND = re.compile(r"Could not (?:find|load) '([^']+)'")


_UNCHOSEN = re.compile(r"You must specify '([^']+)'")


def command_line_keys(blocker: Blocker) -> Repair | None:
    """Declares keys of the command line that the configuration does not have; the run group is another rung's."""
    composition = blocker.composition
    if composition is None or not composition.names_config or CONFIG not in blocker.files:
        return None
    absent = [key for key in composition.absent_keys if key in ("run", "results_dir", "mode")]
    if "run" in absent and wants_group(blocker.files) and not loads_run_file(blocker.files):
        absent.remove("run")
    text: str | None = blocker.files[CONFIG]
    for key in absent:
        text = yaml_text.with_key(text, [key], "???") if text is not None else None
    if not absent or text is None:
        return None
    return Repair(
        kind="command-line-keys",
        what=f"Declare {', '.join(f'{key}: ???' for key in absent)} in {CONFIG}, to be given on the command line.",
        files={CONFIG: text},
        begins=StageName.COMPOSE,
    )


def duplicate_keys(blocker: Blocker) -> Repair | None:
    """Of a key that stands twice in one mapping, the last one stays: it is the one that YAML readers keep."""
    if not blocker.says("duplicate key"):
        return None
    files, names = {}, []
    for path, text in sorted(blocker.files.items()):
        if not (path.startswith("config/") and path.endswith((".yaml", ".yml"))):
            continue
        new, found = _without_duplicates(text)
        if found:
            files[path] = new
            names += [f"{name} in {path}" for name in found]
    if not files:
        return None
    what = f"Remove the first one of a duplicate key: {', '.join(names)}."
    return Repair(kind="duplicate-key", what=what, files=files, begins=StageName.FILES)


def foreign_hydra_keys(blocker: Blocker) -> Repair | None:
    """Removes a key below `hydra:` that Hydra does not have."""
    if blocker.composition is None or CONFIG not in blocker.files:
        return None
    said = "\n".join(blocker.composition.errors)
    found = _FULL_KEY.search(said)
    if found is None or not _FOREIGN.search(said):
        return None
    path = found[1].split(".")
    text = blocker.files[CONFIG]
    node: yaml.Node | None = yaml_text.root_of(text)
    place: tuple[yaml.Node, yaml.Node] | None = None
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        entry = next(((name, value) for name, value in node.value if name.value == key), None)
        if entry is None:
            return None
        # An entry that would be left empty goes with it.
        if len(node.value) > 1 or place is None:
            place = entry
        node = entry[1]
    if place is None or (isinstance(node, yaml.MappingNode) and node.flow_style):
        return None
    return Repair(
        kind="hydra-key",
        what=f"Remove {found[1]} from {CONFIG}: Hydra has no such key.",
        files={CONFIG: yaml_text.without_key(text, *place)},
        begins=StageName.COMPOSE,
    )


def absent_default(blocker: Blocker) -> Repair | None:
    """Removes an entry of the defaults list for which there is no file."""
    if blocker.composition is None or CONFIG not in blocker.files:
        return None
    said = "\n".join(blocker.composition.errors)
    found = _NOT_FOUND.search(said) or _UNCHOSEN.search(said)
    if found is None or found[1].split("/")[0] in ("run", "runs"):
        return None
    missing = found[1] if found.re is _NOT_FOUND else f"{found[1]}/???"
    if any(path.startswith(f"config/{found[1]}/") for path in blocker.files):
        return None  # there are options; which one is meant is not for us to say
    text = blocker.files[CONFIG]
    for entry, node in yaml_text.defaults(text):
        words = re.sub(r"^\s*(?:override|optional)\s+", "", entry.strip("{} ")).strip("\"'")
        group, _, option = words.partition(":")
        option = option.split("#")[0].strip().strip("\"'")
        name = f"{group.split('@')[0].strip().lstrip('/')}/{option}" if option else group.strip().lstrip("/")
        if name.removesuffix(".yaml") == missing.removesuffix(".yaml"):
            return Repair(
                kind="absent-default",
                what=f"Remove `{entry}` from the defaults list of {CONFIG}: there is no such file.",
                files={CONFIG: yaml_text.without_default(text, node)},
                begins=StageName.COMPOSE,
            )
    return None


def _without_duplicates(text: str) -> tuple[str, list[str]]:
    names: list[str] = []
    for _ in range(20):
        pair = _first_duplicate(yaml_text.root_of(text))
        if pair is None:
            break
        names.append(str(pair[0].value))
        text = yaml_text.without_key(text, *pair)
    return text, names


def _first_duplicate(node: yaml.Node | None) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        return next((pair for item in node.value if (pair := _first_duplicate(item))), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    last = {key.value: number for number, (key, _) in enumerate(node.value) if isinstance(key, yaml.ScalarNode)}
    for number, (key, value) in enumerate(node.value):
        if isinstance(key, yaml.ScalarNode) and last[key.value] != number and not node.flow_style:
            return key, value
    return next((pair for _, value in node.value if (pair := _first_duplicate(value))), None)
