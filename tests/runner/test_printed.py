"""What a trial's stdout shows of its results."""

from __future__ import annotations

import pytest

from runner.stages.printed import not_numbers, printed_documents


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("accuracy: nan\n", ["accuracy"]),
        ("epoch 1 val_acc=NaN f1=0.5", ["epoch 1 val_acc"]),
        ("{'eval/accuracy': nan, 'x': 1}", ["eval/accuracy"]),
        ("score: tensor(nan)\nscore: nan", ["score"]),
        ("accuracy: 0.5\nnanometer: 3\nname: nancy\ndtype=nanosecond", []),
        ("mean of nan values is skipped", []),
    ],
)
def test_results_that_are_no_numbers_are_found_by_their_names(text: str, keys: list[str]):
    assert [printed.key for printed in not_numbers(text)] == keys


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ('done\n{"accuracy": 0.5, "run": "a"}\n', [["accuracy"]]),
        ('{\n  "metrics": {\n    "f1": 1,\n    "loss": 0.2\n  }\n}\n', [["f1", "loss"]]),
        ('step {"accuracy": 0.5}', []),
        ('{"name": "x", "ok": true}', []),
        ("{'accuracy': 0.5}\n{broken", []),
        ("[" * 100_000, []),
    ],
)
def test_json_documents_that_hold_numbers_are_found(text: str, documents: list[list[str]]):
    assert printed_documents(text) == documents


def test_a_flood_of_documents_is_cut():
    assert len(printed_documents('{"a": 1}\n' * 1000)) == 20
