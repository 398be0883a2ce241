"""The JSON Schema of submission.json: what `json_form` accepts, written down for those who write one.

What a schema cannot say (paths that collide, run ids given twice, total sizes, texts that cannot be
written as UTF-8) is checked by the reader alone.
"""

from __future__ import annotations

from typing import Any

from runner.submissions.limits import FILE_BYTES, FILES, PATH_BYTES, RUN_ID_BYTES, RUNS
from runner.submissions.slots import RUN_CONFIG_DIR, RUN_CONFIG_DIRS, SLOTS

_TEXT: dict[str, Any] = {"type": "string", "maxLength": FILE_BYTES, "pattern": r"^[^\u0000]*$"}
_OPTIONAL_TEXT: dict[str, Any] = {"type": ["string", "null"]}
_SLOT: dict[str, Any] = {**_TEXT, "type": ["string", "null"]}

_PATH: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": PATH_BYTES,
    "pattern": r"^(?!/)(?![A-Za-z]:)(?!(?:.*/)?\.{1,2}(?:/|$))(?!.*//)(?!.*/$)[^\\\u0000-\u001f\u007f]+$",
    "description": "Relative to the repository's root, folders separated by /.",
}

_FILES: dict[str, Any] = {
    "type": "object",
    "propertyNames": _PATH,
    "additionalProperties": _TEXT,
    "maxProperties": FILES,
    "description": "Path to text, for a submission that is more than the seven slots.",
}

_RUN: dict[str, Any] = {
    "type": "object",
    "required": ["run_id", "run_config"],
    "properties": {
        "run_id": {
            "type": "string",
            "minLength": 1,
            "maxLength": RUN_ID_BYTES,
            "pattern": r"^(?![.\- ])(?![A-Za-z]:)[^/\\\u0000-\u001f\u007f]*[^/\\\u0000-\u001f\u007f. ]$",
            "description": "Names the file <run_id>.yaml in run_config_dir.",
        },
        "run_config": {**_TEXT, "description": "The run's configuration as YAML text."},
        "method_name": _OPTIONAL_TEXT,
        "model_name": _OPTIONAL_TEXT,
        "dataset_name": _OPTIONAL_TEXT,
    },
    "additionalProperties": True,
}

_CODE: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{slot: {**_SLOT, "description": f"The text of {path}."} for slot, path in SLOTS.items()},
        "files": {**_FILES, "type": ["object", "null"]},
    },
    "additionalProperties": False,
    "minProperties": 1,
}

_PROPERTIES: dict[str, Any] = {
    "$schema": {"type": "string"},
    "experiment_code": _CODE,
    "files": {**_FILES, "description": "In place of experiment_code.", "minProperties": 1},
    "experiment_runs": {"type": "array", "items": _RUN, "minItems": 1, "maxItems": RUNS},
    "submission_id": {**_OPTIONAL_TEXT, "minLength": 1, "maxLength": 200},
    "created_at": {
        **_OPTIONAL_TEXT,
        "format": "date-time",
        "description": "When the code came to be; dependencies are resolved as of then.",
    },
    "run_config_dir": {
        **_PATH,
        "type": ["string", "null"],
        "examples": list(RUN_CONFIG_DIRS),
        "description": f"Where the run configurations lie; {RUN_CONFIG_DIR} unless text or code say another.",
    },
    "hypothesis": {
        "type": ["object", "null"],
        "properties": {"primary_metric": _OPTIONAL_TEXT, "expected_result": _OPTIONAL_TEXT},
        "additionalProperties": True,
    },
    "instructions": {**_OPTIONAL_TEXT, "description": "What the code was asked to be."},
    "review": {
        "type": ["object", "null"],
        "properties": {"is_code_ready": {"type": ["boolean", "null"]}, "code_issue": _OPTIONAL_TEXT},
        "additionalProperties": False,
        "description": "An earlier reviewer's verdict.",
    },
    "skipped": {
        "type": ["array", "null"],
        "items": {
            "type": "object",
            "required": ["path", "reason"],
            "properties": {"path": {"type": "string"}, "reason": {"type": "string"}},
            "additionalProperties": False,
        },
        "description": "Files of the repository that were left out, and why.",
    },
}

TOP_LEVEL_KEYS = frozenset(_PROPERTIES)


def submission_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of submission.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Submission",
        "description": "A machine-written ML experiment: its files and the runs it declares.",
        "type": "object",
        "properties": _PROPERTIES,
        "required": ["experiment_runs"],
        "oneOf": [{"required": ["experiment_code"]}, {"required": ["files"]}],
        "additionalProperties": False,
    }
