"""Rung: ids that the hub does not have, where the right one is unmistakable; data sets without their configuration."""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache

import yaml

from images.catalogue import Asset, Catalogue
from runner.evidence import HubRequest
from runner.repairs import yaml_text
from runner.repairs.base import Blocker, Repair
from runner.repairs.python_text import Edit, PythonText, edited, literals, read
from runner.vocabulary import Blame, Provided, StageName

_AVAILABLE = re.compile(r"Available: \[([^\]]+)\]|available configs: \[([^\]]+)\]", re.IGNORECASE)
_EXAMPLE = re.compile(r"load_dataset\('([^']+)', '[^']+'\)")
_UNQUALIFIED = re.compile(r"hf://(datasets/)?.*must be 'namespace/name', got '([^'/]+)'")
"""huggingface_hub 2 no longer takes the names that the hub gave before owners existed."""
_COPIES = ("NousResearch", "unsloth", "TheBloke")
"""Owners whose assets are others' under the same name."""


def bare_id(blocker: Blocker) -> Repair | None:
    """An id without its owner, or in another spelling: the one asset of the hub with that name."""
    wrong = _refused_by_client(blocker) or _unknown_to_hub(blocker)
    if not wrong:
        return None
    files = {}
    for path, text in sorted(blocker.files.items()):
        new = _renamed(path, text, wrong)
        if new != text:
            files[path] = new
    if not files:
        return None
    what = "; ".join(f"{right} for {name}" for name, right in wrong.items())
    return Repair(
        kind="asset-id",
        what=f"Name the hub's own id: {what} ({', '.join(files)}).",
        files=files,
        begins=StageName.COMPOSE,
    )


def _refused_by_client(blocker: Blocker) -> dict[str, str]:
    """A name without an owner that the client itself no longer takes -> its id."""
    found = _UNQUALIFIED.search(blocker.traceback.message) if blocker.traceback else None
    if found is None:
        return {}
    asset = Catalogue.default().find("dataset" if found[1] else "model", found[2])
    return {found[2]: asset.id} if asset is not None and asset.id != found[2] else {}


def _unknown_to_hub(blocker: Blocker) -> dict[str, str]:
    """Ids that the hub does not have -> the ones that are meant."""
    if blocker.draft.cause != "hub-asset":
        return {}
    wrong: dict[str, str] = {}
    for request in _requests(blocker):
        if request.provided is Provided.MISSING and request.reason == "nonexistent":
            right = canonical(request.kind, request.id)
            if right is not None and right != request.id:
                wrong[request.id] = right
    return wrong


def dataset_configuration(blocker: Blocker) -> Repair | None:
    """`load_dataset` without the configuration that the data set wants, where it is clear which one is meant."""
    trace = blocker.traceback
    if trace is None or not blocker.says("Config name is missing", "BuilderConfig"):
        return None
    if blocker.draft.blame is not Blame.SUBMISSION:  # The real data set may have what was asked for.
        return None
    own = [frame for frame in trace.frames if frame.in_submission]
    source = read(blocker.files.get(own[-1].file, "")) if own else None
    if source is None:
        return None
    dataset = _dataset(blocker)
    options = _options(trace.message) or _known_options(dataset)
    if not options:
        return None
    line = own[-1].line
    calls = _load_calls(source)
    failing = {_path(call) for call in calls if call.lineno <= line <= (call.end_lineno or call.lineno)}
    edits = []
    option = ""
    for call in calls:
        if _path(call) not in failing:
            continue
        option = _option(call, source, options, dataset, blocker)
        if not option:
            return None
        given = call.args[1] if len(call.args) > 1 else _keyword(call, "name")
        if given is None:
            _, end = source.span(call.args[0]) if call.args else source.span(call.func)
            edits.append((end, end, f", {option}") if call.args else (end + 1, end + 1, f"name={option}, "))
        elif isinstance(given, ast.Constant) and given.value not in options:
            edits.append((*source.span(given), option))
    if not edits:
        return None
    return Repair(
        kind="dataset-configuration",
        what=f"Give load_dataset the configuration {option} in {own[-1].file}"
        + (f": {dataset} has {', '.join(options)}." if dataset else "."),
        files={own[-1].file: source.edited(edits)},
        begins=blocker.draft.stage,
    )


def _option(call: ast.Call, source: PythonText, options: list[str], dataset: str | None, blocker: Blocker) -> str:
    """The configuration as an expression: what the runs' files name, or the only one that can be meant; or ""."""
    runs = [run.run_config for run in blocker.case.submission.runs if run.run_id in blocker.case.run_ids]
    named = [_named_options(text, options) for text in runs]
    keys = set.intersection(*(set(found) for found in named)) if named else set()
    first = call.args[0] if call.args else _keyword(call, "path")
    if len(keys) == 1 and isinstance(first, ast.Attribute):
        return f"{source.source(first.value)}.{keys.pop()}"
    values = {value for found in named for value in found.values()}
    if len(values) == 1:
        return json.dumps(values.pop())
    for usual in ("main", "default", "plain_text"):
        if usual in options:
            return json.dumps(usual)
    return json.dumps(options[0]) if _alike(dataset, options) else ""


def _named_options(text: str, options: list[str]) -> dict[str, str]:
    """Keys of a section on the data set, in a run's file, whose value is one of the options."""
    found = {}
    for section in ("dataset", "data"):
        node = yaml_text.at_path(text, [section])
        for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(value, yaml.ScalarNode) and value.value in options and key.value != "name":
                found[str(key.value)] = str(value.value)
    return found


def _alike(dataset: str | None, options: list[str]) -> bool:
    """Whether all configurations have the same columns and splits, so that any of them shows what lies behind."""
    asset = Catalogue.default().find("dataset", dataset) if dataset is not None else None
    configs = asset.facts.get("configs", {}) if asset is not None else {}
    kinds = [
        (repr(configs[name].get("features")), sorted(configs[name]["splits"])) for name in options if name in configs
    ]
    return len(kinds) == len(options) and all(kind == kinds[0] for kind in kinds)


def canonical(kind: str, name: str) -> str | None:
    """The one id of the catalogue that has this name behind its owner, in any spelling; None where it is not one."""
    wanted = _plain(name.rsplit("/", 1)[-1])
    matches = {
        asset.id
        for asset in _assets()
        if asset.kind == kind and "/" in asset.id and asset.id != name
        for spelled in (asset.id, *asset.aliases)
        if _plain(spelled.rsplit("/", 1)[-1]) in (wanted, f"{wanted}hf")
    }
    originals = {match for match in matches if not match.startswith(_COPIES)} or matches
    return originals.pop() if len(originals) == 1 else None


@lru_cache(maxsize=1)
def _assets() -> list[Asset]:
    return Catalogue.default().assets()


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", name.lower())


def _requests(blocker: Blocker) -> list[HubRequest]:
    return [
        request
        for evidence in blocker.case.of(blocker.draft.stage)
        if blocker.draft.run_id in (None, evidence.run_id)
        for request in evidence.hub
    ]


def _renamed(path: str, text: str, wrong: dict[str, str]) -> str:
    """Scalars of YAML and literals of Python that are one of the wrong ids, whole."""
    edits: list[Edit] = []
    if path.endswith((".yaml", ".yml")):
        todo = [yaml_text.root_of(text)]
        while todo:
            node = todo.pop()
            value = getattr(node, "value", None)
            if isinstance(value, str) and value in wrong and node is not None:
                quote = text[node.start_mark.index] if text[node.start_mark.index] in "\"'" else ""
                edits.append((node.start_mark.index, node.end_mark.index, f"{quote}{wrong[value]}{quote}"))
            elif isinstance(value, list):
                todo += [part for item in value for part in (item[1:] if isinstance(item, tuple) else (item,))]
    elif path.endswith(".py") and path.startswith("src/"):
        source = read(text)
        for constant, value in literals(source) if source is not None else ():
            if value in wrong and source is not None:
                edits.append((*source.span(constant), f'"{wrong[value]}"'))
    return edited(text, edits)


def _dataset(blocker: Blocker) -> str | None:
    found = _EXAMPLE.search(blocker.traceback.message) if blocker.traceback else None
    if found:
        return found[1]
    asked = [request.id for request in _requests(blocker) if request.kind == "dataset"]
    return asked[-1] if asked else None


def _options(message: str) -> list[str]:
    found = _AVAILABLE.search(message)
    return re.findall(r"'([^']+)'", next(group for group in found.groups() if group)) if found else []


def _known_options(dataset: str | None) -> list[str]:
    if dataset is None:
        return []
    asset = Catalogue.default().find("dataset", dataset)
    return list(asset.facts.get("configs", {})) if asset is not None else []


def _load_calls(source: PythonText) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "load_dataset"
    ]


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _path(call: ast.Call) -> str:
    """What a call loads, as its words stand there."""
    first = call.args[0] if call.args else _keyword(call, "path")
    return ast.dump(first) if first is not None else ""
