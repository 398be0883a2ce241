"""Metrics of `evaluate` from our hub give the values of the libraries that they wrap, and fail as the real ones do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from runner.settings import default_cache
from sandbox.assets import AssetStore
from sandbox.hub import HubServer

HUB = Path(__file__).parent.parent / "hub"
sys.path.insert(0, str(HUB))
from client_generations import GENERATIONS, client_python  # noqa: E402

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(900)]

COMPARE = Path(__file__).parent / "clients" / "compare.py"
WITHOUT = Path(__file__).parent / "clients" / "without.py"


def ask(generation: str, program: Path, *arguments: str) -> list[dict[str, Any]]:
    """The JSON lines that a program prints in a generation's environment, with our hub as its hub."""
    python = client_python(next(each for each in GENERATIONS if each.name == generation))
    work = default_cache() / "test-clients" / f"metrics-{generation}-{os.getpid()}"
    work.mkdir(parents=True, exist_ok=True)
    try:
        with HubServer(AssetStore(default_cache()), port=0) as hub:
            environment = {
                "PATH": os.environ["PATH"],
                "HF_HOME": str(work / "home"),
                "HF_ENDPOINT": hub.url,
                "PYTHONPATH": str(HUB / "clients"),
            }
            done = subprocess.run(
                [str(python), str(program), *arguments], capture_output=True, text=True, cwd=work, env=environment
            )
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    finally:
        subprocess.run(["rm", "-rf", str(work)], check=False)


@cache
def compared(generation: str) -> list[dict[str, Any]]:
    return ask(generation, COMPARE)


@pytest.mark.parametrize("generation", [each.name for each in GENERATIONS])
def test_values_are_those_of_the_libraries(generation: str) -> None:
    found = compared(generation)
    assert {each["metric"]: each["different"] for each in found if each["different"]} == {}
    assert len(found) > 30


@pytest.mark.parametrize("generation", [each.name for each in GENERATIONS])
def test_few_of_the_cases_are_errors(generation: str) -> None:
    for each in compared(generation):
        assert each["raised"] <= each["cases"] // 4, each


def test_a_missing_library_is_named_in_an_import_error_as_by_the_real_scripts() -> None:
    for each in ask("today", WITHOUT, "seqeval:seqeval", "rouge:rouge_score", "sacrebleu:sacrebleu"):
        assert each["error"] == "ImportError", each
        assert f"pip install {each['missing']}" in each["message"], each


def test_an_unknown_configuration_is_a_key_error() -> None:
    (found,) = ask("today", WITHOUT, "glue/no_such_task:")
    assert (found["error"], "configuration name" in found["message"]) == ("KeyError", True), found
