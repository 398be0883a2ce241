"""A small catalogue and a builder without torch, for tests of the protocol and the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from hub_fakes import FakeBuilder

from images.catalogue import Catalogue
from sandbox.assets import AssetStore


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    folder = tmp_path / "facts"
    for name in ("models", "datasets", "metrics", "tokenizers"):
        (folder / name).mkdir(parents=True)
    (folder / "models" / "tiny.yaml").write_text(
        "defaults: {architecture: Tiny}\n"
        "entries:\n"
        "  owner/tiny: {aliases: [tiny-model]}\n"
        "  owner/locked: {gated: true}\n"
        "  owner/broken: {}\n"
    )
    (folder / "datasets" / "rows.yaml").write_text("entries:\n  owner/rows: {aliases: [rows]}\n")
    (folder / "short_names.yaml").write_text("model: [old-name]\ndataset: []\nmetric: []\n")
    return Catalogue(folder)


@pytest.fixture
def builder() -> FakeBuilder:
    return FakeBuilder()


@pytest.fixture
def store(tmp_path: Path, catalogue: Catalogue, builder: FakeBuilder) -> AssetStore:
    return AssetStore(tmp_path / "cache", catalogue, builder)
