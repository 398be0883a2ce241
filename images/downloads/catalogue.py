"""Reads `images/catalogue/downloads/*.yaml`: one file per kind of publisher.

Each file has `defaults`, which every entry starts from, and `entries`, a mapping from id to facts:

    kind        model, dataset or code
    maker       the generator, a module of images/downloads/makers
    addresses   where the real files lie; each is put before each of `files`
    files       names, or a mapping from what follows the address (a final `*` matches anything) to a name
    named       words that stand in code which asks for it

Everything else is the maker's. `ignored.yaml` lists what serves no asset, such as telemetry.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from images.catalogue.catalogue import merge

FACTS = Path(__file__).parent.parent / "catalogue" / "downloads"


@dataclass(frozen=True)
class Download:
    """One asset: one or more files behind plain addresses."""

    kind: str
    """model, dataset or code."""
    id: str
    """Publisher and name, such as torchvision:CIFAR10."""
    files: Mapping[str, str] = field(repr=False, hash=False)
    """Address without scheme -> file name of the stand-in."""
    named: tuple[str, ...]
    facts: Mapping[str, Any] = field(repr=False, hash=False)
    """What the maker is given."""
    digest: str = ""
    """Sixteen hex digits over the facts, the makers and the locked environment."""


class DownloadCatalogue:
    """All entries of a folder of facts."""

    def __init__(self, folder: Path = FACTS) -> None:
        self._assets: dict[str, Download] = {}
        self._exact: dict[str, Download] = {}
        self._prefixes: dict[str, Download] = {}
        self._ignored_hosts: tuple[str, ...] = ()
        self._ignored_paths: tuple[str, ...] = ()
        base = _tools_digest()
        for path in sorted(folder.glob("*.yaml")):
            content = _load(path)
            self._ignored_hosts += tuple(content.get("ignored_hosts") or ())
            self._ignored_paths += tuple(content.get("ignored_paths") or ())
            for name, own in (content.get("entries") or {}).items():
                self._add(name, merge(content.get("defaults") or {}, own or {}), base)

    @classmethod
    def default(cls) -> DownloadCatalogue:
        """The catalogue that comes with the program; read once per process."""
        return _default()

    def assets(self) -> list[Download]:
        return list(self._assets.values())

    def get(self, asset_id: str) -> Download | None:
        return self._assets.get(asset_id)

    def find(self, address: str) -> tuple[Download, str] | None:
        """The asset at an address without scheme, and the name of its file."""
        asset = self._exact.get(address)
        if asset is not None:
            return asset, asset.files[address]
        for prefix, asset in self._prefixes.items():
            if address.startswith(prefix):
                return asset, asset.files[prefix + "*"]
        return None

    def ignored(self, address: str) -> bool:
        """Whether an address serves no asset: what is asked of it is no reason for a failure."""
        host = address.partition("/")[0]
        return any(f".{host}".endswith(f".{name}") for name in self._ignored_hosts) or address.startswith(
            self._ignored_paths
        )

    def _add(self, name: str, facts: dict[str, Any], base: str) -> None:
        kind, named = facts.pop("kind"), tuple(facts.pop("named", ()))
        addresses, listed = facts.pop("addresses"), facts.pop("files")
        tails = listed if isinstance(listed, Mapping) else {tail: tail for tail in listed}
        facts["files"] = sorted(set(tails.values()))
        files = {address + tail: file for address in addresses for tail, file in tails.items()}
        state = hashlib.sha256(json.dumps([base, name, facts], sort_keys=True).encode())
        asset = Download(kind, name, files, named, facts, state.hexdigest()[:16])
        self._assets[name] = asset
        for address in files:
            if address.endswith("*"):
                self._prefixes[address[:-1]] = asset
            else:
                self._exact[address] = asset


@functools.cache
def _default() -> DownloadCatalogue:
    return DownloadCatalogue()


def _load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _tools_digest() -> str:
    """Of everything besides the facts that a stand-in depends on: makers and locked environment."""
    from images.runtime import runtime_digest

    state = hashlib.sha256(runtime_digest().encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".txt") and path != Path(__file__):
            state.update(path.read_bytes() + b"\0")
    return state.hexdigest()
