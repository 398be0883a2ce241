"""Whether the values of a run's YAML are the ones that its trial got, and whether the code reads them.

A run's values may stand at the root of Hydra's configuration, in a branch of it, or be read from the run's file by the
code itself; each is right. What a trial rightly sets otherwise (how much is run, logged, kept) never counts. A value is
called unread only where everything that was read is known: a configuration that was turned into plain containers may
have been read anywhere.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from typing import Any

from runner.evidence import Evidence
from runner.probe_facts import Configuration, Place, ProbeFacts
from runner.rules.base import Case, Judgement, decides
from runner.rules.observed import FINE, Look, at, fault, over_trials, run_draft, unsure
from runner.rules.probed import missed
from runner.rules.run_config import branches, is_size, leaves, run_config, same_value
from runner.rules.unnamed_keys import unnamed
from runner.source_text import python_module, yaml_mapping
from runner.vocabulary import Cause, Status

TEXT_LIMIT = 60_000
"""Characters of a resolved configuration that the probe tells; a longer one is cut, and no YAML any more."""
_NOT_APPLIED = ("optuna", "wandb", "hydra", "defaults", "mode", "results_dir", "run_id", "run", "output", "logging")
_NOT_READ_IN_TRIAL = (*_NOT_APPLIED, "evaluation", "eval", "checkpointing", "hardware", "resources", "compute",
                      "metadata", "seeds", "notes", "description")  # fmt: skip
_UNREAD_IS_FINE = (
    "epoch", "save", "eval", "log", "checkpoint", "num_workers", "seed", "patience", "early_stop", "trials",
    "description", "note", "comment", "title", "tag", "display", "version", "url", "max_steps", "max_train",
    "max_samples", "total_steps", "primary_metric", "metric", "device", "method_name", "type",
)  # fmt: skip
_SEARCH = re.compile(r"optuna|search|bayes|hpo|sweep|tuning|hyperopt")
"""Sections of the hyper-parameter search, which a trial skips."""
_PLAIN_LOAD = re.compile(r"\byaml\.\w*load|\bruamel\b|\bYAML\(")
_TURNED = re.compile(
    r"\bto_(?:container|object|yaml)\(|\b(?:dict|vars|list)\(\s*\w*(?:cfg|conf)|\*\*\s*\w*(?:cfg|conf)"
)
_STOPPED = (Status.TIMEOUT, Status.STOPPED_OVER_BUDGET)
"""A trial that ran until it was stopped: what it did until then is known."""
_HARMLESS = {"print", "save", "init", "info", "debug", "warning", "write", "write_text", "create", "merge", "update",
             "dump", "safe_dump", "log", "pformat", "pprint"}  # fmt: skip
"""Calls that a whole configuration may be handed to without a value of it being used: W&B, logs, files, copies."""


@decides("hydra.run_config_applied")
def run_config_applied(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _applied(case, evidence, facts), "configurations")


def _applied(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    own = {key: value for key, value in _own(case, evidence, _NOT_APPLIED).items() if _is_given(value)}
    path = case.submission.run_config_path(evidence.run_id or "")
    if not own:
        return unsure(f"{path} has no values to look for")
    if any(_opens(config, path) for config in facts.configurations):
        return FINE
    resolved = [config.resolved for config in facts.configurations if config.resolved]
    configs = [yaml_mapping(text) for text in resolved]
    if not all(configs) or any(len(text) >= TEXT_LIMIT for text in resolved):
        return unsure("the resolved configuration cannot be read")
    held = max(
        (leaves(part) for config in configs for part in branches(config)),
        key=lambda part: _known(own, part),
        default={},
    )
    if 2 * _known(own, held) >= len(own):
        return _compared(evidence, own, held, path)
    return _never_read(case, evidence, facts, path, resolved)


def _compared(evidence: Evidence, own: Mapping[str, Any], held: Mapping[str, Any], path: str) -> Look:
    other = {
        key: held[key]
        for key, value in own.items()
        if key in held and not is_size(key) and "${" not in f"{value}{held[key]}" and not same_value(value, held[key])
    }
    if not other:
        return FINE
    words = "; ".join(f"{key} is {held[key]!r}, not {own[key]!r}" for key in sorted(other))
    message = f"The configuration that the run gets does not have the values of {path}: {words}."
    return fault(run_draft("hydra.run_config_applied", Cause.HYDRA_CONFIG, evidence, message, Place(file=path)))


def _never_read(case: Case, evidence: Evidence, facts: ProbeFacts, path: str, resolved: list[str]) -> Look:
    if evidence.status is not Status.OK:
        return unsure("the trial did not come to its end; until then the run's YAML was not read")
    if missed(facts, "configurations") or not resolved:
        return unsure(missed(facts, "configurations") or "no configuration of Hydra's was seen")
    if len({process.command for process in facts.processes}) > 1 or "compose(" in _sources(case):
        return unsure("the run's YAML may be read where no configuration of Hydra's is")
    message = f"The run's values do not come from {path}: Hydra's configuration lacks them, and the file is not read."
    root = ("hydra.run_config_applied", "never read")
    return fault(
        run_draft("hydra.run_config_applied", Cause.HYDRA_CONFIG, evidence, message, seen=resolved[0][:2000], root=root)
    )


def _own(case: Case, evidence: Evidence, without: Iterable[str]) -> dict[str, Any]:
    """Leaves of the run's YAML, without some sections."""
    skipped = set(without)
    own = leaves(run_config(case, evidence.run_id))
    sections = {key: key.split(".")[0].lower() for key in own}
    return {key: own[key] for key, name in sections.items() if name not in skipped and not _SEARCH.search(name)}


def _is_given(value: object) -> bool:
    return value is not None and value != "???"


def _opens(config: Configuration, path: str) -> bool:
    return any(opened.removeprefix("./") == path for opened in config.opened)


def _known(own: Mapping[str, Any], held: Mapping[str, Any]) -> int:
    return sum(key in held for key in own)


def _sources(case: Case) -> str:
    return "\n".join(text for path, text in case.submission.files.items() if path.endswith(".py"))


@decides("hydra.run_config_used")
def run_config_used(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _used(case, evidence, facts), "configurations")


def _used(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    if evidence.status not in (Status.OK, *_STOPPED):
        return unsure("the trial did not come to its end; what it would have read is not known")
    reads, doubt = reads_of(case, facts)
    if doubt:
        return unsure(doubt)
    doubt = missed(facts, "configurations") or _read_elsewhere(case, facts)
    if doubt:
        return unsure(doubt)
    own = _own(case, evidence, _NOT_READ_IN_TRIAL)
    unread = [key for key in own if not any(word in key.rsplit(".", 1)[-1].lower() for word in _UNREAD_IS_FINE)]
    unread = [key for key in unread if not is_read(key, reads)]
    if evidence.status in _STOPPED:
        unread = [] if _handed_on(case) else unnamed(_without_evaluation(case), unread)
        if not unread:
            return unsure("the trial did not come to its end; what it would have read is not known")
    if not unread:
        return FINE
    if not any(is_read(key, reads) for key in own):
        return unsure("no value of the run's YAML was seen to be read; they may be read as plain values")
    path = case.submission.run_config_path(evidence.run_id or "")
    message = f"{path} sets what the trial never reads: {', '.join(unread)}."
    root = ("hydra.run_config_used", evidence.run_id or "")
    return fault(run_draft("hydra.run_config_used", Cause.HYDRA_CONFIG, evidence, message, Place(file=path), root=root))


def _without_evaluation(case: Case) -> dict[str, str]:
    """The files that a run executes."""
    return {path: text for path, text in case.submission.files.items() if not path.endswith("evaluate.py")}


def _handed_on(case: Case) -> bool:
    """Whether any file turns a configuration into plain values whose use is not known."""
    return any(
        _TURNED.search(line) and not _harmless(case, Place(file=path, line=number))
        for path, text in _without_evaluation(case).items()
        if path.endswith(".py")
        for number, line in enumerate(text.splitlines(), 1)
    )


def _read_elsewhere(case: Case, facts: ProbeFacts) -> str:
    """Why values may be read where no read is seen: from a file as plain values, in a program of its own."""
    if any(config.opened for config in facts.configurations) and _PLAIN_LOAD.search(_sources(case)):
        return "the code loads YAML as plain values, whose reads are not seen"
    reading = {config.pid for config in facts.configurations if config.reads}
    programs = {process.command for process in facts.processes if process.pid in reading}
    silent = next((process for process in facts.processes if process.command not in programs), None)
    return (
        f"process {silent.pid} is not seen to read a configuration; it may get its values otherwise" if silent else ""
    )


def reads_of(case: Case, facts: ProbeFacts) -> tuple[set[str], str]:
    """Dotted keys that were read, branches that were taken whole among them; and why others may have been."""
    reads = {key for config in facts.configurations for key in config.reads}
    if not reads:
        return set(), "no value of a configuration was seen to be read one by one"
    for config in facts.configurations:
        for place in config.read_whole:
            if _harmless(case, place):
                continue
            branch = _branch_at(case, place, config.whole_keys)
            if not branch:
                return reads, f"the configuration is turned into plain values at {at(place)}; their use is not known"
            reads.add(branch)
    return reads, ""


def _branch_at(case: Case, place: Place, keys: Iterable[str]) -> str:
    """The branch that the line takes whole, told by its name in the line; "" where it may be all of it."""
    lines = case.submission.files.get(place.file or "", "").splitlines()
    line = lines[place.line - 1] if place.line is not None and place.line <= len(lines) else ""
    return next((key for key in keys if key and re.search(rf"\b{re.escape(key.rsplit('.', 1)[-1])}\b", line)), "")


def is_read(key: str, reads: Iterable[str]) -> bool:
    """Whether a leaf was read: by itself, with a branch around it, or below a root that was moved."""
    return any(
        read == key or read.endswith(f".{key}") or key.endswith(f".{read}") or f".{key}.".find(f".{read}.") == 0
        or any(f".{key}".startswith(f"{tail}.") for tail in _tails(read))
        for read in reads
    )  # fmt: skip


def _tails(read: str) -> list[str]:
    """The ends of a read key, so that run.model, read whole, covers model.name."""
    parts = read.split(".")
    return ["." + ".".join(parts[start:]) for start in range(len(parts))]


def _harmless(case: Case, place: Place) -> bool:
    """Whether a whole configuration that is taken there goes to W&B, a file, the log or another configuration only."""
    text = case.submission.files.get(place.file or "")
    if text is None or place.line is None:
        return False
    tree = python_module(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _HARMLESS:
                return True
    return False
