"""A hub that plays the real one for the host, and an empty mirror."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "hub"))

from hub_fakes import FakeBuilder

from images.catalogue import Catalogue
from sandbox.assets import AssetStore
from sandbox.hub import HubServer


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    folder = tmp_path / "facts"
    for name in ("models", "datasets", "metrics", "tokenizers"):
        (folder / name).mkdir(parents=True)
    (folder / "models" / "tiny.yaml").write_text(
        "defaults: {architecture: Tiny, widths: {hidden_size: 8}}\n"
        "entries:\n"
        "  owner/tiny: {aliases: [tiny-model]}\n"
        "  owner/locked: {gated: true}\n"
    )
    (folder / "datasets" / "rows.yaml").write_text("entries:\n  owner/rows: {aliases: [rows]}\n")
    (folder / "metrics" / "scores.yaml").write_text("entries:\n  evaluate-metric/score: {}\n")
    (folder / "short_names.yaml").write_text("model: [old-name]\ndataset: []\nmetric: []\n")
    return Catalogue(folder)


@pytest.fixture
def store(tmp_path: Path, catalogue: Catalogue) -> AssetStore:
    return AssetStore(tmp_path / "cache", catalogue, FakeBuilder())


@pytest.fixture
def real_hub(store: AssetStore) -> Iterator[HubServer]:
    with HubServer(store, port=0) as hub:
        yield hub


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "mirror"
