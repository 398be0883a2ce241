"""submission.json as it is written, and its schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from runner.submissions import Submission, SubmissionError, load, submission_schema, to_json

from .conftest import write


def again(submission: Submission, tmp_path: Path) -> Submission:
    file = tmp_path / "exported.json"
    file.write_text(to_json(submission), encoding="utf-8")
    return load(str(file)).model_copy(update={"source": submission.source})


def test_a_directory_survives_the_round_trip(repository: Path, tmp_path: Path) -> None:
    write(repository, ".cache/x", "x")
    write(repository, "src/odd.py", "\ufeff# é\u2028\r\n\x0c\U0001f600")
    submission = load(str(repository))
    back = again(submission, tmp_path)
    assert back == submission and back.digest == submission.digest


def test_a_transcript_survives_the_round_trip(transcript: str, tmp_path: Path) -> None:
    file = tmp_path / "transcript.txt"
    file.write_text(transcript, encoding="utf-8")
    submission = load(str(file))
    assert again(submission, tmp_path) == submission
    assert set(json.loads(to_json(submission))["experiment_code"]) >= {"train_py", "config_yaml"}


def test_what_is_written_is_valid_against_the_schema(repository: Path, transcript: str, tmp_path: Path) -> None:
    file = tmp_path / "transcript.txt"
    file.write_text(transcript, encoding="utf-8")
    validator = jsonschema.Draft202012Validator(submission_schema())
    for word in (str(repository), str(file)):
        validator.validate(json.loads(to_json(load(word))))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(submission_schema())
    assert json.loads(json.dumps(submission_schema())) == submission_schema()


@pytest.mark.parametrize(
    "change",
    [
        {"experiment_runs": []},
        {"experiment_runs": [{"run_id": "a"}]},
        {"experiment_runs": [{"run_id": "../a", "run_config": ""}]},
        {"experiment_runs": [{"run_id": "a ", "run_config": ""}]},
        {"experiment_runs": [{"run_id": "-a", "run_config": ""}]},
        {"experiment_code": {"helper_py": ""}},
        {"experiment_code": {"main_py": 3}},
        {"experiment_code": {"main_py": "\0"}},
        {"experiment_code": {"files": {"../a": "", "src/main.py": ""}}},
        {"experiment_code": {"files": {"a/./b": "", "src/main.py": ""}}},
        {"experiment_code": {"files": {"/a": "", "src/main.py": ""}}},
        {"experiment_code": {"files": {"a\\b": "", "src/main.py": ""}}},
        {"experiment_code": {"files": {"a//b": "", "src/main.py": ""}}},
        {"run_config_dir": "../x"},
        {"run_config_dir": "/x"},
        {"unknown": 1},
        {"review": {"verdict": True}},
        {"review": {"is_code_ready": "yes"}},
        {"hypothesis": []},
        {"hypothesis": {"primary_metric": 4}},
        {"submission_id": ""},
        {"created_at": 3},
        {"files": {"src/main.py": ""}},
        {"skipped": [{"path": "a"}]},
    ],
)
def test_schema_and_reader_refuse_the_same(tmp_path: Path, document: dict[str, Any], change: dict[str, Any]) -> None:
    file = tmp_path / "submission.json"
    validator = jsonschema.Draft202012Validator(submission_schema())
    assert validator.is_valid(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    load(str(file))
    document |= change
    file.write_text(json.dumps(document), encoding="utf-8")
    assert not validator.is_valid(document)
    with pytest.raises(SubmissionError):
        load(str(file))


def test_a_dump_of_the_model_reads_back_and_cannot_bring_its_own_digest(repository: Path) -> None:
    submission = load(str(repository))
    dumped = submission.model_dump(mode="json")
    assert dumped["digest"] == submission.digest
    dumped["digest"] = "0" * 64
    assert Submission.model_validate(dumped) == submission
    assert Submission.model_validate(dumped).digest == submission.digest
