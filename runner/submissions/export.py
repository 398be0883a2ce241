"""Writing any submission as submission.json; reading that back gives the same submission."""

from __future__ import annotations

import json
from typing import Any

from runner.submissions.model import Run, Submission
from runner.submissions.slots import SLOT_OF_PATH


def to_json(submission: Submission) -> str:
    """`submission` in the submission.json form. Everything but `source` survives the round trip."""
    document: dict[str, Any] = {"submission_id": submission.id}
    if submission.created_at is not None:
        document["created_at"] = submission.created_at.isoformat()
    document["run_config_dir"] = submission.run_config_dir
    document["experiment_code"] = _code(submission.files)
    document["experiment_runs"] = [_run(run) for run in submission.runs]
    if submission.hypothesis is not None:
        document["hypothesis"] = _without_none(
            {
                "primary_metric": submission.hypothesis.primary_metric,
                "expected_result": submission.hypothesis.expected_result,
                **submission.hypothesis.other,
            },
            {"primary_metric", "expected_result"},
        )
    if submission.instructions:
        document["instructions"] = submission.instructions
    if submission.review is not None:
        document["review"] = submission.review.model_dump()
    if submission.skipped:
        document["skipped"] = [skipped.model_dump() for skipped in submission.skipped]
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _code(files: dict[str, str]) -> dict[str, Any]:
    if set(files) <= set(SLOT_OF_PATH):
        return {SLOT_OF_PATH[path]: text for path, text in files.items()}
    return {"files": files}


def _run(run: Run) -> dict[str, Any]:
    names = {"method_name": run.method_name, "model_name": run.model_name, "dataset_name": run.dataset_name}
    return {
        "run_id": run.run_id,
        **_without_none(names, set(names)),
        "run_config": run.run_config,
        **run.extra,
    }


def _without_none(values: dict[str, Any], optional: set[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None or key not in optional}
