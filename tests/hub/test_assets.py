"""The store: look-up, making once, failing cleanly."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hub_fakes import FakeBuilder

from images.catalogue import Catalogue
from sandbox.assets import AssetStore
from sandbox.errors import InfrastructureError


def test_finds_by_id_alias_and_case(store: AssetStore) -> None:
    for name in ("owner/tiny", "tiny-model", "Owner/Tiny"):
        found = store.find("model", name)
        assert found is not None and found.id == "owner/tiny"
    assert store.find("dataset", "owner/tiny") is None


def test_makes_once_and_keeps(store: AssetStore, builder: FakeBuilder, tmp_path: Path, catalogue: Catalogue) -> None:
    assert store.prepare([("model", "tiny-model"), ("dataset", "rows"), ("model", "no/such")]) == [("model", "no/such")]
    asset = store.find("model", "owner/tiny")
    assert asset is not None
    store.repository(asset)
    again = AssetStore(tmp_path / "cache", catalogue, builder)
    assert again.repository(asset).revisions["main"].by_path["config.json"].size == 22
    assert sorted(builder.made) == ["owner/rows", "owner/tiny"]


def test_two_stores_at_once_make_it_once(tmp_path: Path, catalogue: Catalogue, builder: FakeBuilder) -> None:
    builder.pause.clear()
    stores = [AssetStore(tmp_path / "cache", catalogue, builder) for _ in range(4)]
    threads = [threading.Thread(target=each.prepare, args=([("model", "owner/tiny")],)) for each in stores]
    for thread in threads:
        thread.start()
    builder.pause.set()
    for thread in threads:
        thread.join(10)
    assert builder.made == ["owner/tiny"]


def test_a_failed_build_leaves_nothing_and_can_be_tried_again(store: AssetStore, tmp_path: Path) -> None:
    asset = store.find("model", "owner/broken")
    assert asset is not None
    for _ in range(2):
        with pytest.raises(InfrastructureError, match="broke"):
            store.repository(asset)
    assert not store.is_made(asset)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.parent.name != "locks"] == []


def test_changed_facts_change_the_folder(tmp_path: Path, catalogue: Catalogue) -> None:
    facts = tmp_path / "facts" / "models" / "tiny.yaml"
    before = catalogue.find("model", "owner/tiny")
    facts.write_text(facts.read_text().replace("Tiny", "Other"))
    changed = Catalogue(tmp_path / "facts")
    after = changed.find("model", "owner/tiny")
    assert before is not None and after is not None
    assert before.digest != after.digest
    assert changed.digest != catalogue.digest
