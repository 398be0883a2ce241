"""Texts of a submission as readers take them: with a mark at their start, broken, or made to hurt."""

from __future__ import annotations

import pytest

from runner.source_text import (
    MAX_NODES,
    declared_dependencies,
    python_module,
    toml_table,
    yaml_mapping,
)
from sandbox.inside.compose import hydra_main_spellings

MARK = "\ufeff"
ALIASES = "\n".join(["a0: &a0 {x: 1, y: 2}", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))])


def test_a_mark_at_the_start_is_no_part_of_a_text() -> None:
    module = python_module(f"{MARK}x = 1\n")
    assert module is not None and len(module.body) == 1
    assert toml_table(f'{MARK}[project]\nname = "x"\n') == {"project": {"name": "x"}}
    assert yaml_mapping(f"{MARK}lr: 1\n") == {"lr": 1}


@pytest.mark.parametrize("text", ["def f(:", "x = \0", "(" * 10_000, "-" * 200_000 + "1"])
def test_what_is_no_python_is_none(text: str) -> None:
    assert python_module(text) is None


@pytest.mark.parametrize(
    ("imported", "spelled"),
    [
        ("import hydra", set()),
        ("import hydra as h", {"h.main"}),
        ("from hydra import compose, main", {"main"}),
        ("from hydra.main import main as entry", {"entry"}),
        ("from src.main import main", set()),
    ],
)
def test_names_of_hydras_decorator(imported: str, spelled: set[str]) -> None:
    module = python_module(imported)
    assert module is not None and hydra_main_spellings(module) == {"hydra.main", *spelled}


@pytest.mark.parametrize("text", ["[project", "x = " + "[" * 5000 + "]" * 5000])
def test_what_is_no_toml_is_none(text: str) -> None:
    assert toml_table(text) is None


@pytest.mark.parametrize(
    "text", ["- 1\n", "a: [", "when: 2025-02-30\n", ALIASES, "a: &a [*a]\n", "{a: " * 5000 + "1" + "}" * 5000]
)
def test_what_is_no_mapping_that_a_person_writes_is_empty(text: str) -> None:
    assert yaml_mapping(text) == {}


def test_a_large_configuration_is_read() -> None:
    text = "".join(f"key{number}: {number}\n" for number in range(MAX_NODES - 1))
    assert len(yaml_mapping(text)) == MAX_NODES - 1


@pytest.mark.parametrize(
    ("project", "words"),
    [
        ('[project]\ndependencies = ["torch", 3]\n', ["torch"]),
        ('[project]\ndependencies = "torch"\n', []),
        ("project = 1\n", []),
        ("[tool]\n", []),
        ("[project\n", []),
    ],
)
def test_declared_dependencies(project: str, words: list[str]) -> None:
    assert declared_dependencies(project) == words
