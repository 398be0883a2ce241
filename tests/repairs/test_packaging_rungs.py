"""Packaging: what uv cannot read, resolve or build becomes what it can, and nothing else changes."""

from __future__ import annotations

import tomllib

import pytest
from packaging.requirements import Requirement

from runner.repairs.requirement_text import repaired, requirement
from tests.repairs.blocker_examples import (
    case,
    changed_lines,
    first,
    installed,
    refused,
    repair,
    submission,
    unimportable,
)

MAP = "error: Failed to parse: `pyproject.toml`\ninvalid type: map, expected a sequence"
TABLE = """\
# the experiment
[project]
name = "a"
version = "1"

[project.dependencies]
torch = "^2.1"   # the library
numpy = "*"
datasets = { version = ">=2.14", extras = ["audio"] }
peft = { git = "https://example.org/peft", rev = "abc" }

[tool.ruff]
line-length = 100
"""
TABLE_LAST = """\
[project]
name = "a"
version = "1"
requires-python = ">=3.10"
[project.urls]
home = "https://example.org"
[project.dependencies]
"PyYAML" = "~6.0"
scipy = "1.11.4"
python = ">=3.10"\
"""


def dependencies(text: str) -> list[str]:
    return tomllib.loads(text)["project"]["dependencies"]


def test_a_dependency_table_becomes_a_list_in_its_place() -> None:
    step = repair(refused(submission({"pyproject.toml": TABLE}), "parse", MAP))
    assert step is not None and step.kind == "dependency-table"
    new = step.files["pyproject.toml"]
    assert dependencies(new) == [
        "torch>=2.1",
        "numpy",
        "datasets[audio]>=2.14",
        "peft @ git+https://example.org/peft@abc",
    ]
    assert '    "torch>=2.1",  # the library' in new
    gone, _ = changed_lines(TABLE, new)
    assert len(gone) <= 6 and new.startswith("# the experiment\n[project]\n") and new.endswith("line-length = 100\n")


def test_a_table_behind_other_tables_moves_to_the_projects_own_keys() -> None:
    step = repair(refused(submission({"pyproject.toml": TABLE_LAST}), "parse", MAP))
    assert step is not None
    assert dependencies(step.files["pyproject.toml"]) == ["PyYAML>=6.0", "scipy==1.11.4"]
    assert tomllib.loads(step.files["pyproject.toml"])["project"]["urls"] == {"home": "https://example.org"}


def test_poetry_gets_a_project_table_and_keeps_its_own() -> None:
    poetry = (
        '[tool.poetry]\nname = "a"\nversion = "0.3"\n[tool.poetry.dependencies]\npython = "^3.10"\ntorch = "^2"\n'
        'wandb = {version = "^0.16", optional = true}\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n'
    )
    found = case(submission({"pyproject.toml": poetry}), installed())
    bare = found.evidence[0].model_copy(
        update={"facts": found.evidence[0].facts.model_copy(update={"has_project_table": False, "packages": {}})}
    )
    step = repair(case(found.submission, bare))
    assert step is not None and step.kind == "poetry-only"
    project = tomllib.loads(step.files["pyproject.toml"])["project"]
    assert project == {"name": "a", "version": "0.3", "requires-python": ">=3.10", "dependencies": ["torch>=2"]}
    assert step.files["pyproject.toml"].endswith(poetry)


def test_poetrys_own_build_is_not_begun() -> None:
    poetry = '[tool.poetry]\nname = "a"\n\n[build-system]\nrequires = ["poetry-core"]'
    found = case(submission({"pyproject.toml": poetry}), installed())
    bare = found.evidence[0].model_copy(
        update={"facts": found.evidence[0].facts.model_copy(update={"has_project_table": False, "packages": {}})}
    )
    step = repair(case(found.submission, bare))
    assert step is not None and step.files["pyproject.toml"].endswith(f"{poetry}\n\n[tool.uv]\npackage = false\n")


def test_name_and_version_are_added_where_they_are_missing() -> None:
    text = '[project]\ndependencies = ["torch"]\n'
    step = repair(refused(submission({"pyproject.toml": text}), "parse", "`project` table is missing `name`"))
    assert step is not None
    assert tomllib.loads(step.files["pyproject.toml"])["project"]["name"] == "experiment"


def test_carets_in_requirement_strings() -> None:
    text = '[project]\nname = "x"\nversion = "1"\ndependencies = [\n  "numpy^1.26",  # arrays\n  "torch",\n]\n'
    step = repair(refused(submission({"pyproject.toml": text}), "parse", "'numpy^1.26' is not a requirement: …"))
    assert step is not None
    assert changed_lines(text, step.files["pyproject.toml"]) == (
        ['  "numpy^1.26",  # arrays'],
        ['  "numpy>=1.26",  # arrays'],
    )


@pytest.mark.parametrize(
    ("name", "wanted", "text"),
    [
        ("a", "^1.2.3", "a>=1.2.3"),
        ("a", "~1.2", "a>=1.2"),
        ("a", "~=1.2", "a~=1.2"),
        ("a", ">=1,<2", "a>=1,<2"),
        ("a", ">=1 <2", "a>=1,<2"),
        ("a", "1.2.*", "a==1.2.*"),
        ("a", "*", "a"),
        ("a", {"version": "^2", "markers": "sys_platform == 'linux'"}, "a>=2; sys_platform == 'linux'"),
        ("a", {"url": "https://example.org/a.whl"}, "a @ https://example.org/a.whl"),
        ("a", {"path": "../a"}, None),
    ],
)
def test_poetry_requirements(name: str, wanted: object, text: str | None) -> None:
    assert requirement(name, wanted) == text
    assert text is None or Requirement(text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("torch ^2.1", "torch>=2.1"),
        ("pandas = 2.1", "pandas==2.1"),
        ("peft[lora]~0.7", "peft[lora]>=0.7"),
        ("???", None),
    ],
)
def test_words_that_are_no_requirement(word: str, text: str | None) -> None:
    assert repaired(word) == text


def test_a_version_that_never_was_loses_its_bound() -> None:
    text = '[project]\nname = "x"\nversion = "1"\ndependencies = ["torch>=2", "scipy==99.1"]\n'
    said = "× No solution found\n╰─▶ Because there is no version of scipy==99.1 and your project depends on scipy==99.1"
    step = repair(refused(submission({"pyproject.toml": text}), "resolve", said, "scipy"))
    assert step is not None and dependencies(step.files["pyproject.toml"]) == ["torch>=2", "scipy"]


def test_a_conflict_relaxes_the_bound_that_uv_names() -> None:
    text = '[project]\nname = "x"\nversion = "1"\ndependencies = [\n  "numpy<1.20",\n  "pandas>=2.2",\n]\n'
    said = "× No solution found\nBecause pandas>=2.2 depends on numpy>=1.22.4 and your project depends on numpy<1.20"
    step = repair(refused(submission({"pyproject.toml": text}), "resolve", said, "pandas"))
    assert step is not None and dependencies(step.files["pyproject.toml"]) == ["numpy", "pandas>=2.2"]


def test_what_is_no_package_is_dropped_and_a_real_one_of_the_same_name_is_not() -> None:
    text = '[project]\nname = "x"\nversion = "1"\ndependencies = [\n  "evaluate",\n  "src",\n  "model",\n]\n'
    said = "Because src was not found in the package registry and your project depends on src and evaluate"
    sub = submission({"pyproject.toml": text, "src/evaluate.py": "", "src/model.py": ""})
    step = repair(refused(sub, "resolve", said, "src"))
    assert step is not None and dependencies(step.files["pyproject.toml"]) == ["evaluate", "model"]


@pytest.mark.parametrize(
    ("backend", "said", "setting"),
    [
        (
            "hatchling.build",
            "Unable to determine which files to ship inside the wheel",
            "[tool.hatch.build.targets.wheel]",
        ),
        ("setuptools.build_meta", "Multiple top-level packages discovered in a flat-layout", "[tool.setuptools]"),
        ("poetry.core.masonry.api", "No file/folder found for package x", "[tool.uv]"),
    ],
)
def test_a_build_without_files_is_told_what_to_ship(backend: str, said: str, setting: str) -> None:
    text = f'[build-system]\nrequires = ["b"]\nbuild-backend = "{backend}"\n[project]\nname = "x"\nversion = "1"\n'
    step = repair(refused(submission({"pyproject.toml": text}), "build-project", said))
    assert step is not None and step.files["pyproject.toml"].startswith(text)
    assert setting in step.files["pyproject.toml"]


def test_all_undeclared_packages_are_declared_at_once() -> None:
    model = "import yaml\nimport PIL.Image\nimport torch\ntry:\n    import apex\nexcept ImportError:\n    apex = None\n"
    text = '[project]\nname = "x"\nversion = "1"\ndependencies = [\n    "torch>=2",  # first\n]\n'
    sub = submission({"src/model.py": model, "pyproject.toml": text})
    gone = unimportable("src/model.py", 1, "ModuleNotFoundError", "No module named 'yaml'")
    step = repair(case(sub, installed(), gone))
    assert step is not None and step.kind == "undeclared"
    assert sorted(dependencies(step.files["pyproject.toml"])) == ["pillow", "pyyaml", "torch>=2"]
    assert '    "torch>=2",  # first\n' in step.files["pyproject.toml"]


def test_what_an_import_error_asks_for_is_declared() -> None:
    said = "Using `low_cpu_mem_usage=True` or a `device_map` requires Accelerate: `pip install 'accelerate>=0.26.0'`"
    sub = submission({"src/model.py": "import torch\n"})
    step = repair(case(sub, installed(), unimportable("src/model.py", 1, "ImportError", said)))
    assert step is not None and "accelerate" in dependencies(step.files["pyproject.toml"])


def test_a_build_that_this_machine_cannot_do_is_left_alone() -> None:
    found = refused(submission({}), "install", "gcc: command not found")
    assert repair(found) is None and first(found).draft.file == "pyproject.toml"


def test_a_tokenizer_without_its_reader_gets_sentencepiece_first() -> None:
    said = "`tiktoken` is required to read a `tiktoken` file. Install it with `pip install tiktoken`."
    sub = submission({"src/model.py": "import torch\n"})
    step = repair(case(sub, installed(), unimportable("src/model.py", 1, "ValueError", said)))
    assert step is not None and "sentencepiece" in dependencies(step.files["pyproject.toml"])


def test_another_value_error_declares_nothing() -> None:
    sub = submission({"src/model.py": "import torch\n"})
    assert repair(case(sub, installed(), unimportable("src/model.py", 1, "ValueError", "expected 2 values"))) is None
