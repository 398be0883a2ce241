"""Wheels that earlier reviews built: which a review is offered."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.stages.environment.sources import BUILT, names_of_wheels, offer_built

DATES = {"early": "2021-11-06T17:52:23.5Z", "late": "2025-12-01T00:00:00.1Z", "undated": ""}


@pytest.fixture
def installer(tmp_path: Path) -> Any:
    for name, published in DATES.items():
        folder = tmp_path / "store" / BUILT / name
        folder.mkdir(parents=True)
        (folder / f"Of_{name}-1.0-py3-none-any.whl").write_bytes(b"x")
        (folder / "about.json").write_text(json.dumps({"published": published}))
    (tmp_path / "store" / BUILT / "cut").mkdir()
    (tmp_path / "store" / BUILT / "cut" / "about.json").write_text("{")
    (tmp_path / "wheelhouse").mkdir()
    return SimpleNamespace(store=tmp_path / "store", wheelhouse=tmp_path / "wheelhouse", as_of_text=None)


def test_without_a_date_all_are_offered(installer: Any) -> None:
    offer_built(installer)
    assert names_of_wheels(installer.wheelhouse) == {"of-early", "of-late", "of-undated"}


def test_with_a_date_nothing_newer_is_offered(installer: Any) -> None:
    installer.as_of_text = "2025-11-20T00:00:00Z"
    offer_built(installer)
    assert names_of_wheels(installer.wheelhouse) == {"of-early"}
