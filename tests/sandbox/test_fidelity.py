"""Which sizes a stand-in lost, told from its configuration and the real one."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

from sandbox.fidelity import real_sizes


class Store:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, asset: object) -> Path:
        return self._folder


def lost(tmp_path: Path, made: dict[str, object], real: dict[str, object], kind: str = "model") -> list[int]:
    (tmp_path / "main").mkdir()
    (tmp_path / "main" / "config.json").write_text(json.dumps(made))
    asset = SimpleNamespace(kind=kind, facts={"config": real})
    return real_sizes(Store(tmp_path), asset)  # type: ignore[arg-type]


def test_widths_and_what_follows_from_them(tmp_path: Path) -> None:
    real = {"hidden_size": 768, "num_attention_heads": 12, "num_hidden_layers": 6, "vocab_size": 30522}
    made = {**real, "hidden_size": 144, "vocab_size": 2000}
    assert lost(tmp_path, made, real) == [64, 768, 30522]


def test_a_size_that_the_stand_in_has_elsewhere_is_not_lost(tmp_path: Path) -> None:
    real = {"hidden_size": 64, "intermediate_size": 144}
    made = {"hidden_size": 144, "intermediate_size": 300}
    assert lost(tmp_path, made, real) == [64]


def test_projections_of_heads_with_a_width_of_their_own(tmp_path: Path) -> None:
    real = {"num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128}
    assert lost(tmp_path, {**real, "head_dim": 14}, real) == [128, 1024, 2048]


def test_data_sets_have_no_sizes(tmp_path: Path) -> None:
    assert lost(tmp_path, {}, {"hidden_size": 1}, kind="dataset") == []
