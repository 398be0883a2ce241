"""Which model of the catalogue an unknown id is plainly a copy or a finetuned version of, by its name alone.

A name tells the family where the whole name of an entry stands in it word by word, as in
`someone/bert-base-uncased-finetuned-sst2`. What else the name says decides whether that is enough: a word for
another size, another variant, other weights (quantised, an adapter) or other labels of unknown number makes it
another model, about which nothing is claimed. So does an owner who publishes the entry himself: his other names are
his other models. Data sets and metrics are never inferred: rows with other columns would accuse working code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SEPARATORS = re.compile(r"[-_\s]+")
_SPELLED = yaml.safe_load((Path(__file__).parent / "inference.yaml").read_text(encoding="utf-8"))
LABELS: Mapping[str, int] = _SPELLED["labels"]
TAGS: Mapping[str, int] = _SPELLED["tags"]
CLASSES: Mapping[str, int] = _SPELLED["classes"]
ANSWERS = frozenset(_SPELLED["answers"].split())
PLAIN_BEFORE = frozenset(_SPELLED["plain_before"].split())
MAKERS = frozenset(_SPELLED["makers"].split())
FOLDERS = frozenset(_SPELLED["folders"].split())
ANOTHER = frozenset(f"{_SPELLED['other_weights']} {_SPELLED['other_models']}".split())
SIZE = re.compile(r"\d+(\.\d+)?[bmk]|\d+|[lhda]?\d+[lhd]?|v?\d+(\.\d+)+|patch\d+|in\d+k")
"""Parameters, contexts, picture sizes, layers, versions (`v2.1`; a plain `v2` counts a copy's own attempts)."""
NOT_INFERRED_FROM = frozenset(["timm"])
"""timm takes its models from its own owner alone."""


@dataclass(frozen=True)
class Inference:
    """What an unknown id is taken for."""

    base: str
    """Id of the entry whose name it carries."""
    facts: Mapping[str, Any]


def words(name: str) -> tuple[str, ...]:
    """The words of a repository's name, in lower case. Dots stay: `Qwen2.5` is one word."""
    return tuple(word for word in SEPARATORS.split(name.lower()) if word)


def bases(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[tuple[str, ...], str]:
    """The words of each entry's name -> its id; the first entry of a name has it."""
    found: dict[tuple[str, ...], str] = {}
    for asset_id, facts in entries:
        if "/" not in asset_id or facts.get("library") in NOT_INFERRED_FROM or "random" in asset_id:
            continue
        spelled = words(asset_id.split("/")[1])
        for name in (spelled, spelled[1:] if spelled[0] == "meta" else spelled):
            found.setdefault(name, asset_id)
            if name[-1] == "hf":
                found.setdefault(name[:-1], asset_id)
    return found


def infer(
    asset_id: str, names: Mapping[tuple[str, ...], str], facts: Mapping[str, Mapping[str, Any]]
) -> Inference | None:
    """What `asset_id` is by its name; None where the name does not settle it.

    `names` is of `bases`; `facts` gives each entry's facts.
    """
    owner, _, name = asset_id.partition("/")
    if not name or "/" in name:
        return None
    said = words(name)
    found = _longest(said, names)
    if found is None:
        return None
    begin, end = found
    base = names[said[begin:end]]
    if owner.lower() in {*MAKERS, *FOLDERS, base.split("/")[0].lower()} or owner.startswith("."):
        return None
    if not set(said[:begin]) <= PLAIN_BEFORE:
        return None
    rest = _joined((*said[:begin], *said[end:]))
    if any(word in ANOTHER or SIZE.fullmatch(word) for word in rest):
        return None
    task = _with_task(facts[base], rest)
    return None if task is None else Inference(base, task)


def _longest(said: tuple[str, ...], names: Mapping[tuple[str, ...], str]) -> tuple[int, int] | None:
    """Where the longest of `names` stands in `said`; the first of equals."""
    for length in range(len(said), 0, -1):
        for begin in range(len(said) - length + 1):
            if said[begin : begin + length] in names:
                return begin, begin + length
    return None


def _joined(rest: tuple[str, ...]) -> list[str]:
    """`rest` with the names of tasks that are written as two words in one: sst-2, sts-b, ag-news, squad-v2."""
    text = " ".join(rest)
    for pair, one in (("sst 2", "sst2"), ("sts b", "stsb"), ("ag news", "agnews"), ("squad v2", "squad2")):
        text = re.sub(rf"\b{pair}\b", one, text)
    return text.split()


def _with_task(facts: Mapping[str, Any], rest: list[str]) -> dict[str, Any] | None:
    """`facts` of the base with the head and the labels of the task that the name speaks of.

    Text encoders only; None for a finetuned classifier of pictures whose classes the name does not tell.
    """
    found = dict(facts)
    if facts.get("pipeline_tag") == "image-classification" and rest:
        classes = next((CLASSES[word] for word in rest if word in CLASSES), None)
        return None if classes is None else _with_head(found, "ForImageClassification", "image-classification", classes)
    if facts.get("pipeline_tag") not in ("fill-mask", "feature-extraction"):
        return found
    labels = next((LABELS[word] for word in rest if word in LABELS), 0)
    tags = next((TAGS[word] for word in rest if word in TAGS), 0)
    if labels:
        return _with_head(found, "ForSequenceClassification", "text-classification", labels)
    if tags:
        return _with_head(found, "ForTokenClassification", "token-classification", tags)
    return _with_head(found, "ForQuestionAnswering", "question-answering", 0) if ANSWERS & set(rest) else found


def _with_head(facts: Mapping[str, Any], head: str, pipeline_tag: str, labels: int) -> dict[str, Any]:
    family = re.sub(r"(For[A-Z]\w+|Model)$", "", str(facts["architecture"]))
    found = {**facts, "architecture": family + head, "pipeline_tag": pipeline_tag}
    found["config"] = {**facts["config"], "architectures": [found["architecture"]]}
    return found | ({"labels": labels} if labels else {})
