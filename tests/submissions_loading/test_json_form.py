"""submission.json: what it may say, and what is said of one that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from runner.submissions import Submission, load

from .conftest import RUN_CONFIGS, SLOT_TEXTS

Refused = Callable[[object], str]


def loaded(tmp_path: Path, document: dict[str, Any]) -> Submission:
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return load(str(file))


def test_slots_become_the_seven_files(tmp_path: Path, document: dict[str, Any]) -> None:
    submission = loaded(tmp_path, document)
    assert submission.files["src/train.py"] == SLOT_TEXTS["train_py"]
    assert submission.files["pyproject.toml"] == SLOT_TEXTS["pyproject_toml"]
    assert submission.files["config/config.yaml"] == SLOT_TEXTS["config_yaml"]
    assert len(submission.files) == 7
    assert submission.run_ids == tuple(RUN_CONFIGS)
    assert submission.run_config_dir == "config/runs"


def test_a_missing_or_null_slot_is_a_missing_file_and_no_error(tmp_path: Path, document: dict[str, Any]) -> None:
    del document["experiment_code"]["model_py"]
    document["experiment_code"]["main_py"] = None
    files = loaded(tmp_path, document).files
    assert "src/model.py" not in files and "src/main.py" not in files


def test_optional_fields_are_kept(tmp_path: Path, document: dict[str, Any]) -> None:
    document |= {
        "submission_id": "study 7/b",
        "created_at": "2025-11-20T08:30:00",
        "run_config_dir": "config/run",
        "hypothesis": {"primary_metric": "accuracy", "expected_result": "higher", "method": "ours"},
        "review": {"is_code_ready": False, "code_issue": "1. no"},
    }
    document["experiment_runs"][0]["gpu"] = "A100"
    submission = loaded(tmp_path, document)
    assert submission.id == "study 7/b"
    assert submission.created_at == datetime(2025, 11, 20, 8, 30, tzinfo=UTC)
    assert submission.run_config_dir == "config/run"
    assert submission.hypothesis is not None and submission.hypothesis.other == {"method": "ours"}
    assert submission.review is not None and submission.review.is_code_ready is False
    assert submission.runs[0].extra == {"gpu": "A100"}


def test_files_may_stand_in_place_of_slots_or_beside_them(tmp_path: Path, document: dict[str, Any]) -> None:
    document["experiment_code"] = {"main_py": "a\n", "files": {"src/extra.py": "b\n"}}
    beside = loaded(tmp_path, document)
    assert beside.files == {"src/main.py": "a\n", "src/extra.py": "b\n"}
    document["experiment_code"] = {"files": {"src/main.py": "a\n", "src/extra.py": "b\n"}}
    assert loaded(tmp_path, document).digest == beside.digest
    document["files"] = document.pop("experiment_code")["files"]
    assert loaded(tmp_path, document).digest == beside.digest


def test_a_run_config_among_the_files_is_the_run_s_own(tmp_path: Path, document: dict[str, Any]) -> None:
    path = "config/runs/proposed-small.yaml"
    document["experiment_code"]["files"] = {path: RUN_CONFIGS["proposed-small"]}
    assert path not in loaded(tmp_path, document).files


def test_the_directory_of_run_configs_follows_code_that_spells_it_out(tmp_path: Path, document: dict[str, Any]) -> None:
    document["experiment_code"]["main_py"] = 'path = ROOT / "config" / "run" / f"{name}.yaml"\n'
    assert loaded(tmp_path, document).run_config_dir == "config/run"


def test_a_byte_order_mark_in_front_is_no_part_of_the_document(tmp_path: Path, document: dict[str, Any]) -> None:
    file = tmp_path / "submission.json"
    file.write_text(json.dumps(document), encoding="utf-8-sig")
    assert load(str(file)).run_ids == tuple(RUN_CONFIGS)


def test_the_digest_is_of_the_content_alone(tmp_path: Path, document: dict[str, Any]) -> None:
    first = loaded(tmp_path, document)
    document |= {"submission_id": "another", "created_at": "2020-01-01", "review": {"is_code_ready": True}}
    document["experiment_runs"].reverse()
    assert loaded(tmp_path, document).digest == first.digest
    document["experiment_runs"][0]["run_config"] += "seed: 1\n"
    assert loaded(tmp_path, document).digest != first.digest


def test_one_message_lists_every_problem(problems: Refused, document: dict[str, Any]) -> None:
    document["experiment_code"] |= {"helper_py": "x = 1", "model_py": 5, "files": {"../up.py": "", "/abs.py": ""}}
    document["experiment_runs"] += [
        {"run_id": "proposed-small", "run_config": ""},
        {"run_id": "a/b", "run_config": ""},
        {"run_id": "no-config"},
    ]
    document |= {"created_at": "yesterday", "review": {"verdict": 1}, "run_config_dirr": "config/run"}
    message = problems(document)
    for expected in (
        "'helper_py': is no known slot",
        "model_py: is a number",
        "'../up.py': leaves the repository",
        "'/abs.py': is an absolute path",
        "'proposed-small': is given 2 times",
        "'a/b': contains a path separator",
        "experiment_runs[4].run_config: is missing",
        "created_at: is 'yesterday'",
        "review.'verdict': is not known",
        "did you mean run_config_dir?",
    ):
        assert expected in message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"experiment_runs": []}, "experiment_runs: is empty"),
        ({"experiment_runs": {"run_id": "a"}}, "experiment_runs: is an object"),
        ({"experiment_runs": ["a"]}, "experiment_runs[0]: is a string"),
        ({"experiment_code": {}}, "holds none of a submission's files"),
        ({"experiment_code": []}, "experiment_code: is an array"),
        ({"run_config_dir": "../config"}, "leaves the repository"),
        ({"run_config_dir": 3}, "run_config_dir: is a number"),
        ({"submission_id": "\x1b[2J"}, "submission_id: give 1 to 200 printable characters"),
        ({"hypothesis": "better"}, "hypothesis: is a string"),
        ({"created_at": 5}, "created_at: is a number"),
        ({"skipped": [{"path": 1}]}, "skipped[0]: has to be an object"),
        ({"files": {"a.py": ""}}, "files: stands beside experiment_code"),
    ],
)
def test_what_is_wrong_is_named(
    problems: Refused, document: dict[str, Any], change: dict[str, Any], expected: str
) -> None:
    assert expected in problems(document | change)


def test_a_run_config_given_twice_and_differently_is_refused(problems: Refused, document: dict[str, Any]) -> None:
    document["experiment_code"]["files"] = {"config/runs/proposed-small.yaml": "run_id: other\n"}
    assert "is given twice, as a file and as run_config" in problems(document)
