"""research_history.json: two layouts, and records that hold no code yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.submissions import Submission, load

from .conftest import RUN_CONFIGS, SLOT_TEXTS

Refused = Callable[..., str]


@pytest.fixture
def iteration(document: dict[str, Any]) -> dict[str, Any]:
    return {
        "iteration_id": 1,
        "experimental_design": {"proposed_method": "x", "experiment_code": document["experiment_code"]},
        "experiment_runs": document["experiment_runs"],
    }


def loaded(tmp_path: Path, document: dict[str, Any]) -> Submission:
    file = tmp_path / "research_history.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return load(str(file))


def test_the_newer_layout(tmp_path: Path, iteration: dict[str, Any]) -> None:
    hypothesis = {"primary_metric": "accuracy", "expected_result": "more", "method": "m"}
    submission = loaded(
        tmp_path, {"research_session": {"hypothesis": hypothesis, "iterations": [iteration]}, "queries": [None]}
    )
    assert submission.files["src/main.py"] == SLOT_TEXTS["main_py"]
    assert submission.run_ids == tuple(RUN_CONFIGS)
    assert submission.run_config_dir == "config/runs"
    assert submission.hypothesis is not None and submission.hypothesis.primary_metric == "accuracy"


def test_the_older_layout_lays_run_configs_into_config_run(tmp_path: Path, iteration: dict[str, Any]) -> None:
    idea = {"idea": {"expected_result": "less", "methods": "m"}}
    submission = loaded(tmp_path, {"new_method": iteration, "idea_info_history": [idea]})
    assert submission.run_config_dir == "config/run"
    assert submission.run_ids == tuple(RUN_CONFIGS)
    assert submission.hypothesis is not None and submission.hypothesis.expected_result == "less"


def test_the_last_iteration_that_holds_code_is_taken(tmp_path: Path, iteration: dict[str, Any]) -> None:
    earlier = json.loads(json.dumps(iteration))
    earlier["experimental_design"]["experiment_code"]["main_py"] = "earlier\n"
    planned = {"experimental_design": {"proposed_method": "y"}, "experiment_runs": []}
    submission = loaded(tmp_path, {"research_session": {"iterations": [earlier, iteration, planned]}})
    assert submission.files["src/main.py"] == SLOT_TEXTS["main_py"]


def test_a_record_without_code_says_where_the_code_is(problems: Refused, iteration: dict[str, Any]) -> None:
    del iteration["experimental_design"]["experiment_code"]
    message = problems({"research_session": {"iterations": [iteration]}})
    assert "research_session.iterations[0]: holds no experiment_code" in message
    assert "give the repository that it belongs to" in message


def test_a_run_without_configuration_is_named(problems: Refused, iteration: dict[str, Any]) -> None:
    del iteration["experiment_runs"][1]["run_config"]
    message = problems({"research_session": {"iterations": [iteration]}})
    assert "experiment_runs[1].run_config: is missing" in message


@pytest.mark.parametrize("session", [None, [], {}, {"iterations": 3}, {"iterations": [4]}])
def test_a_record_of_another_shape_is_refused(problems: Refused, session: Any) -> None:
    assert "holds no iteration" in problems({"research_session": session})


def test_what_is_odd_elsewhere_in_the_record_does_not_matter(tmp_path: Path, iteration: dict[str, Any]) -> None:
    record = {"scores": [float("nan")], "research_session": {"iterations": [iteration]}}
    assert loaded(tmp_path, record).run_ids == tuple(RUN_CONFIGS)
