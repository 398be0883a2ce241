"""What the evaluation script wrote is read within bounds, and nothing but that."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runner.stages.evaluate import outputs
from runner.stages.evaluate.outputs import read_outputs


def test_a_results_folder_that_became_a_link_holds_nothing(tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "secret.json").write_text('{"key": "p-value"}')
    (host / "figure.png").write_bytes(b"x")
    (tmp_path / "evaluated").symlink_to(host)
    found = read_outputs(tmp_path / "evaluated")
    assert (found.documents, found.figures, found.significance) == ([], [], False)


def test_what_was_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "metrics.json").write_text('{"accuracy": 0.5}')
    (tmp_path / "table.csv").write_bytes("T\xe4st, wilcoxon".encode("latin-1"))
    found = read_outputs(tmp_path)
    assert [(d.path, d.content, d.whole) for d in found.documents] == [("a/metrics.json", {"accuracy": 0.5}, True)]
    assert found.tables == ["table.csv"] and found.significance
    assert not found.cut and not found.unread


@pytest.mark.parametrize(
    ("text", "content", "problem"),
    [
        ("[" + "1" * 400 + ", -1e999]", ["Infinity", "-Infinity"], ""),
        (r'{"\ud800 \ud83d\ude00": "\\ud800"}', {"\ufffd \U0001f600": "\\ud800"}, ""),
        ("[NaN]", ["NaN"], "NaN is no JSON value (written 1 times)"),
    ],
)
def test_values_that_nobody_can_write_again_become_words(tmp_path: Path, text: str, content: Any, problem: str) -> None:
    (tmp_path / "a.json").write_text(text)
    (document,) = read_outputs(tmp_path).documents
    assert (document.content, document.problem) == (content, problem)
    document.model_dump_json()


def test_large_files_are_listed_and_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MAX_READ_IN_ALL", 40)
    for name in ("a.json", "b.json", "c.txt"):
        (tmp_path / name).write_text(json.dumps(["p-value" if name == "c.txt" else "x" * 20]))
    found = read_outputs(tmp_path)
    assert [(d.path, d.whole) for d in found.documents] == [("a.json", True), ("b.json", False)]
    assert found.unread and not found.cut


def test_a_flood_of_files_is_cut_and_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "MAX_FILES", 10)
    for number in range(11):
        (tmp_path / f"{number:02}.txt").touch()
    found = read_outputs(tmp_path)
    assert len(found.tables) == 10 and found.cut


def test_figures_share_one_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "FIGURES_SECONDS", 0.5)
    monkeypatch.setattr(outputs, "_opened", lambda paths, seconds: time.sleep(0.2) or [])
    for number in range(50):
        (tmp_path / f"{number:02}.png").write_bytes(b"x")
    began = time.monotonic()
    figures = read_outputs(tmp_path).figures
    assert time.monotonic() - began < 3
    assert len(figures) == 50 and not any(figure.opened for figure in figures)
