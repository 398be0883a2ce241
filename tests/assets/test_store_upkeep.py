"""What the store keeps and what it removes; small and wide stand-ins side by side."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest
from hub_fakes import FakeBuilder

from images.catalogue import Catalogue
from sandbox.assets import AssetStore
from sandbox.fidelity import Fidelity
from sandbox.pruning import lock_folder

OLD = time.time() - 30 * 86400


def age(folder: Path) -> None:
    os.utime(folder / "manifest.json", (OLD, OLD))


def test_a_model_has_two_stand_ins_and_a_data_set_one(store: AssetStore) -> None:
    wide = store.at(Fidelity.WIDE)
    tiny, rows = store.find("model", "owner/tiny"), store.find("dataset", "owner/rows")
    assert tiny is not None and rows is not None
    assert store.folder(tiny) != wide.folder(tiny)
    assert store.folder(rows) == wide.folder(rows)
    small, broad = store.repository(tiny), wide.repository(tiny)
    assert small.revisions["main"].sha != broad.revisions["main"].sha


def test_what_nobody_used_is_removed_unless_it_is_of_the_current_catalogue(store: AssetStore) -> None:
    wide = store.at(Fidelity.WIDE)
    tiny = store.find("model", "owner/tiny")
    assert tiny is not None
    store.repository(tiny)
    wide.repository(tiny)
    former = store.folder(tiny).with_name("owner--tiny-0123456789abcdef")
    former.mkdir()
    (former / "manifest.json").write_text("{}")
    fresh = store.folder(tiny).with_name("owner--tiny-fedcba9876543210")
    fresh.mkdir()
    (fresh / "manifest.json").write_text("{}")
    for folder in (former, store.folder(tiny), wide.folder(tiny)):
        age(folder)
    assert set(store.prune()) == {former, wide.folder(tiny)}
    assert store.is_made(tiny) and fresh.exists() and not former.exists()


def test_one_that_is_being_made_is_left_alone(store: AssetStore, tmp_path: Path) -> None:
    former = tmp_path / "cache" / "standins" / "model" / "x-0123456789abcdef"
    former.mkdir(parents=True)
    (former / "manifest.json").write_text("{}")
    age(former)
    with (lock_folder(tmp_path / "cache" / "standins") / former.name).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert store.prune() == []
    assert store.prune() == [former]


def test_using_one_keeps_it(tmp_path: Path, catalogue: Catalogue) -> None:
    first = AssetStore(tmp_path / "cache", catalogue, FakeBuilder(), Fidelity.WIDE)
    tiny = first.find("model", "owner/tiny")
    assert tiny is not None
    first.repository(tiny)
    age(first.folder(tiny))
    again = AssetStore(tmp_path / "cache", catalogue, FakeBuilder(), Fidelity.WIDE)
    again.repository(tiny)
    assert again.prune() == []


@pytest.mark.parametrize("name", ["making-left", ".making-left"])
def test_what_a_killed_host_left_is_removed(store: AssetStore, tmp_path: Path, name: str) -> None:
    left = tmp_path / "cache" / "standins" / name
    (left / "0").mkdir(parents=True)
    os.utime(left, (OLD, OLD))
    store.prune()
    assert left.exists() == (name == "making-left")
