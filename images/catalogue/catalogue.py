"""Reads the YAML facts: one file per family of models, per group of data sets, per tokenizer.

A model or data-set file has `defaults`, which every entry of the file starts from (mappings are merged, all
else is replaced), and `entries`, a mapping from id to facts. `aliases` are the names that the real hub
redirects to the id; `short_names.yaml` lists the short names of assets that are not in the catalogue, and
`closed_families.yaml` the sizes of families of models that are finished.
`configs_complete: false` marks a data set of which only some configurations are listed.
An id that is in no file may still be found, where its name says what it is (see `inference`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from images.catalogue import inference

HERE = Path(__file__).parent
FOLDERS = {"model": "models", "dataset": "datasets", "metric": "metrics"}


@dataclass(frozen=True)
class Asset:
    """One entry of the catalogue. `facts` is what the generator is given."""

    kind: str
    """model, dataset or metric."""
    id: str
    """As the real hub spells it today."""
    aliases: tuple[str, ...]
    gated: bool
    facts: Mapping[str, Any] = field(repr=False, hash=False)
    digest: str = ""
    """Sixteen hex digits over the facts, the generators and the locked environment."""
    inferred: bool = False
    """No entry of the catalogue: its name says of which entry it is a copy or a finetuned version."""


class Catalogue:
    """All entries of a folder of facts."""

    def __init__(self, folder: Path = HERE) -> None:
        self._assets: dict[tuple[str, str], Asset] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        tokenizers = {path.stem: _load(path) for path in sorted((folder / "tokenizers").glob("*.yaml"))}
        self._tools = _tools_digest()
        for kind, name in FOLDERS.items():
            for path in sorted((folder / name).glob("*.yaml")):
                self._read(kind, _load(path), tokenizers)
        models = {asset.id: asset.facts for asset in self.assets() if asset.kind == "model"}
        self._facts, self._bases = models, inference.bases(models.items())
        names = _load(folder / "short_names.yaml")
        self._short = {kind: set(names.get(kind) or ()) for kind in FOLDERS}
        closed = folder / "closed_families.yaml"
        self._closed = _closed_families(_load(closed)["models"]) if closed.is_file() else []
        state = hashlib.sha256("".join(asset.digest for asset in self.assets()).encode())
        state.update(json.dumps([names, [(form.pattern, sorted(sizes)) for form, sizes in self._closed]]).encode())
        self.digest = state.hexdigest()[:16]

    @classmethod
    def default(cls) -> Catalogue:
        """The catalogue that comes with the program; read once per process."""
        return _default()

    def assets(self) -> list[Asset]:
        return list(self._assets.values())

    def find(self, kind: str, asset_id: str) -> Asset | None:
        """The entry for an id or one of its aliases, else what the id's name plainly says (`inferred`), else None.

        Case does not matter, as on the hub, which redirects.
        """
        canonical = self._aliases.get((kind, asset_id.lower()))
        if canonical:
            return self._assets[kind, canonical]
        known = inference.infer(asset_id, self._bases, self._facts) if kind == "model" else None
        if known is None:
            return None
        digest = self._digest(kind, asset_id, known.facts)
        return Asset(kind, asset_id, (), False, known.facts, digest, inferred=True)

    def can_exist(self, kind: str, asset_id: str) -> bool:
        """False for a name without an owner that is none of the hub's canonical short names, and for a size that a
        finished family of models does not have.

        Single names were given out by the hub's makers only, and not since 2022: the list is closed. So is the
        list of the `evaluate` library's own metrics. What has another owner may exist.
        """
        if asset_id.lower() in self._short[kind] or self.find(kind, asset_id) is not None:
            return True
        for pattern, sizes in self._closed if kind == "model" else ():
            if (sized := pattern.fullmatch(asset_id)) and sized[1] not in sizes:
                return False
        return "/" in asset_id and not (kind == "metric" and asset_id.startswith("evaluate-"))

    def _read(self, kind: str, content: Mapping[str, Any], tokenizers: Mapping[str, Any]) -> None:
        for asset_id, own in (content.get("entries") or {}).items():
            facts = merge(content.get("defaults") or {}, own or {})
            aliases = tuple(facts.pop("aliases", ()))
            gated = bool(facts.pop("gated", False))
            if isinstance(facts.get("tokenizer"), str):
                facts["tokenizer"] = tokenizers[facts["tokenizer"]]
            elif isinstance(facts.get("tokenizer"), Mapping) and "base" in facts["tokenizer"]:
                changed = dict(facts["tokenizer"])
                facts["tokenizer"] = merge(tokenizers[changed.pop("base")], changed)
            digest = self._digest(kind, asset_id, facts)
            self._assets[kind, asset_id] = Asset(kind, asset_id, aliases, gated, facts, digest)
            for name in (asset_id, *aliases):
                self._aliases[kind, name.lower()] = asset_id

    def _digest(self, kind: str, asset_id: str, facts: Mapping[str, Any]) -> str:
        text = json.dumps([self._tools, kind, asset_id, facts], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `own` over it; mappings are merged key by key, everything else is replaced."""
    found = dict(base)
    for key, value in own.items():
        if isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = merge(found[key], value)
        else:
            found[key] = value
    return found


@functools.cache
def _default() -> Catalogue:
    return Catalogue()


def _closed_families(entries: list[dict[str, list[str]]]) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """For every form of a name: what finds the size in it, and the sizes that there are."""
    return [
        (re.compile(re.escape(name).replace(r"\{\}", r"(\d+(?:\.\d+)?)"), re.IGNORECASE), frozenset(entry["sizes"]))
        for entry in entries
        for name in entry["names"]
    ]


def _load(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader) or {}


def _tools_digest() -> str:
    """Of everything besides the facts that a stand-in depends on: generators, templates, locked environment."""
    from images.runtime import runtime_digest

    state = hashlib.sha256(runtime_digest().encode())
    generators = HERE.parent / "standins"
    sources = [*generators.rglob("*.py"), *generators.rglob("*.yaml"), *(HERE / "templates").glob("*.jinja")]
    sources += (HERE / "parameters").glob("*.txt")
    for path in sorted(sources):
        state.update(path.read_bytes() + b"\0")
    return state.hexdigest()
