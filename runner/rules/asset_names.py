"""Which models and data sets a run's YAML declares, and whether something that was loaded is one of them.

People write ids in many ways: with and without an owner, in other case, with a configuration behind a slash, or as a
name that means no hub id at all. Two ids that the catalogue knows are told apart exactly. Otherwise names that contain
each other count as one: to take two for one hides a mistake, to take one for two accuses working code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from images.catalogue import Catalogue
from runner.rules.base import Case
from runner.rules.run_config import run_config

Kind = Literal["model", "dataset"]
_COMMON_KEYS = ("name", "names", "id", "path", "hf_id", "hf_name", "hf_path", "hub_id", "repo_id")
# A section may name things of the other kind too, such as the tokenizer that a data set is prepared with.
_KEYS = {
    "model": (
        *_COMMON_KEYS, "pretrained", "pretrained_model_name_or_path", "model_name_or_path", "checkpoint", "base",
        "base_model", "base_model_name", "backbone", "model_id", "model_name", "tokenizer", "tokenizer_name", "teacher",
        "student", "model", "model_name_or_id", "pretrained_name", "pretrained_model", "encoder",
    ),
    "dataset": (*_COMMON_KEYS, "dataset_name", "dataset_id", "hf_dataset", "dataset"),
}  # fmt: skip
_ROOT_KEYS = {
    "model": ("model_name", "model_id", "model_name_or_path", "base_model", "pretrained_model", "backbone"),
    "dataset": ("dataset_name", "dataset_id", "hf_dataset"),
}
_CONFIG_KEYS = ("config", "config_name", "subset", "configuration", "dataset_config", "task")
_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
_LOCAL = ("checkpoint", "checkpoints", "ckpt", "result", "results", "output", "outputs", "model", "models", "data")


@dataclass(frozen=True)
class Name:
    """A model or data set as somebody wrote it."""

    kind: Kind
    text: str
    config: str = ""
    """Of a data set: the name of its configuration."""

    @property
    def canonical(self) -> str:
        """The catalogue's id, "" for what it does not have."""
        found = _catalogue().find(self.kind, self.text)
        return found.id if found is not None else ""

    @property
    def on_hub(self) -> bool:
        """Whether this is surely an id of the hub's, not a name of the author's or a path."""
        return bool(self.canonical) or ("/" in self.text and not is_local(self.text) and bool(_ID.fullmatch(self.text)))


def is_local(text: str) -> bool:
    """Whether it reads like a path on disk."""
    first = text.split("/")[0].lower()
    return text.startswith((".", "/", "~")) or text.count("/") > 1 or first in _LOCAL


def declared(case: Case, run_id: str | None, kind: Kind) -> list[Name]:
    """What the run's YAML names, in its own words; its own section first."""
    config = run_config(case, run_id)
    texts: list[str] = []
    for section in (config.get(kind), config.get(f"{kind}s")):
        texts += _texts(section, kind)
    texts += [text for key in _ROOT_KEYS[kind] for text in _texts(config.get(key), kind)]
    return [Name(kind, text) for text in dict.fromkeys(texts)]


def declared_config(case: Case, run_id: str | None) -> str:
    """The data set's configuration that the YAML names under an unmistakable key, "" if none."""
    section = run_config(case, run_id).get("dataset")
    if not isinstance(section, Mapping):
        return ""
    return next((str(section[key]) for key in _CONFIG_KEYS if isinstance(section.get(key), str)), "")


def _texts(section: Any, kind: Kind) -> list[str]:
    if isinstance(section, str):
        return [section.strip()]
    if isinstance(section, list):
        return [text for item in section for text in _texts(item, kind)]
    if isinstance(section, Mapping):
        return [text for key in _KEYS[kind] for text in _texts(section.get(key), kind)]
    return []


def same(one: Name, other: Name) -> bool:
    """Whether two names may mean one asset."""
    if one.canonical and other.canonical:
        return one.canonical == other.canonical
    a, b = _plain(one), _plain(other)
    return one.text.lower() == other.text.lower() or any(
        len(short) > 2 and short in long for short, long in ((a[0], b[1]), (b[0], a[1]))
    )


def _plain(name: Name) -> tuple[str, str]:
    """Letters and digits of the last part of the name, and of all of it with its configuration."""
    whole = re.sub(r"[^a-z0-9]", "", f"{name.text}{name.config}".lower())
    return re.sub(r"[^a-z0-9]", "", name.text.rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower()), whole


def among(name: Name, others: Iterable[Name]) -> bool:
    return any(same(name, other) for other in others)


@cache
def _catalogue() -> Catalogue:
    return Catalogue.default()
