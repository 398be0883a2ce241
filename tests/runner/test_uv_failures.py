"""uv's words are read into facts; words that are not known are never held against the project."""

from __future__ import annotations

import pytest

from runner.stages.environment.failures import (
    packages_without_wheels,
    project_needs_build,
    read_failure,
    read_metadata_failure,
    words_of_uv,
)

PYPROJECT = '[project]\nname = "x"\ndependencies = [\n    "numpy>=99",\n    "leftpad-zz",\n]\n'
TABLE = """\
error: Failed to parse: pyproject.toml
  cause: TOML parse error at line 7, column 1
           |
         7 | [project.dependencies]
           | ^^^^^^^^^^^^^^^^^^^^^^
         invalid type: map, expected a sequence
"""
UNSATISFIABLE = """\
Using CPython 3.11.2 interpreter at: /usr/bin/python3
error: No solution found when resolving dependencies for split (markers: python_full_version == '3.11.*')
  cause: Because only numpy<=2.3.5 is available and your project depends on numpy>=99, we can conclude that
         your project's requirements are unsatisfiable.
"""
NOT_FOUND = """\
error: No solution found when resolving dependencies:
  cause: Because leftpad-zz was not found in the package registry and your project depends on leftpad-zz, we can
         conclude that your project's requirements are unsatisfiable.
"""


def failed(stderr: str, name: str = "sync") -> dict[str, object]:
    return {"name": name, "exit_code": 1, "stderr": stderr}


def test_a_parse_error_names_its_line() -> None:
    failure = read_failure(failed(TABLE), PYPROJECT)
    assert (failure.step, failure.line, failure.reproducible) == ("parse", 7, True)


@pytest.mark.parametrize(("stderr", "package", "line"), [(UNSATISFIABLE, "numpy", 4), (NOT_FOUND, "leftpad-zz", 5)])
def test_a_resolution_names_the_package_and_where_it_is_declared(stderr: str, package: str, line: int) -> None:
    failure = read_failure(failed(stderr), PYPROJECT)
    assert (failure.step, failure.package, failure.line, failure.reproducible) == ("resolve", package, line, True)


@pytest.mark.parametrize(
    "stderr",
    [
        "error: Failed to fetch: `https://index.example/simple/numpy/`\n  cause: error sending request",
        "error: Git operation failed\n fatal: Could not resolve host: example.org",
        "error: The requested interpreter resolved to Python 3.11.2, which is incompatible with the project's Python"
        " requirement: `>=3.12`",
        "error: something that uv has never said before",
        "",
    ],
)
def test_what_may_be_this_machine_is_not_reproducible(stderr: str) -> None:
    assert read_failure(failed(stderr), PYPROJECT).reproducible is False


def test_a_missing_build_dependency_points_at_the_build_system() -> None:
    text = '[build-system]\nrequires = ["no-such-backend"]\n'
    failure = read_failure(failed(NOT_FOUND.replace("leftpad-zz", "no-such-backend"), "build-dependency"), text)
    assert (failure.step, failure.line) == ("build-dependency", 1)


def test_packages_without_wheels_are_named_once() -> None:
    stderr = "hint: Wheels are required for `gym` because building from source is disabled\n" * 2
    assert packages_without_wheels(stderr) == ["gym"]


def test_a_project_whose_metadata_needs_its_build_is_recognised() -> None:
    stderr = (
        "error: Failed to build `x @ file:///project`\n  cause: Building source distributions for `x` is disabled\n"
    )
    assert project_needs_build(stderr, "x")
    assert not project_needs_build(stderr, "y")


def test_progress_lines_and_colours_are_left_out() -> None:
    assert words_of_uv("\x1b[1mResolved 3 packages in 1ms\x1b[0m\n + a==1\n\x1b[31merror\x1b[0m: no\n") == "error: no"


def test_a_caret_is_no_requirement() -> None:
    text = '[project]\nname = "x"\ndependencies = [\n    "numpy>=1",\n    "pandas^2.0",\n]\n'
    failure = read_metadata_failure(text, "")
    assert (failure.step, failure.line, failure.reproducible) == ("parse", 5, True)
    assert "'pandas^2.0' is not a requirement" in failure.message


def test_metadata_that_only_a_build_can_tell_is_not_held_against_the_project() -> None:
    text = '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
    assert read_metadata_failure(text, "error: Failed to build").reproducible is False
