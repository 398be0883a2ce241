"""Reading the fields that submission.json and research histories share, naming what has the wrong type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from runner.submissions.errors import Problems, show
from runner.submissions.model import EarlierReview, Hypothesis, Run
from runner.submissions.slots import SLOTS

_NAMES = ("method_name", "model_name", "dataset_name")


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def read_slots(code: dict[str, Any], where: str, problems: Problems) -> dict[str, str]:
    """The texts of the seven slots in `code`; a slot that is null counts as not given."""
    texts: dict[str, str] = {}
    for key, value in code.items():
        if key not in SLOTS:
            problems.add(f"{where}.{show(key)}", f"is no known slot; the slots are {', '.join(SLOTS)}")
        elif isinstance(value, str):
            texts[key] = value
        elif value is not None:
            problems.add(f"{where}.{key}", f"is {kind(value)}; give the file's text as a string")
    return texts


def read_runs(value: Any, where: str, problems: Problems) -> list[Run]:
    """The runs in `value`, which has to be an array of at least one."""
    if not isinstance(value, list):
        problems.add(where, f"is {kind(value)}; give an array of runs, each with run_id and run_config")
        return []
    if not value:
        problems.add(where, "is empty; give at least one run with run_id and run_config")
    runs = [_read_run(item, f"{where}[{index}]", problems) for index, item in enumerate(value)]
    return [run for run in runs if run is not None]


def _read_run(value: Any, where: str, problems: Problems) -> Run | None:
    if not isinstance(value, dict):
        problems.add(where, f"is {kind(value)}; give an object with run_id and run_config")
        return None
    run_id, config = value.get("run_id"), value.get("run_config")
    if not isinstance(run_id, str):
        problems.add(f"{where}.run_id", f"is {_given(value, 'run_id')}; give a string")
    if not isinstance(config, str):
        advice = "give the run's configuration as YAML text in a string"
        problems.add(f"{where}.run_config", f"is {_given(value, 'run_config')}; {advice}")
    names = {name: _optional_text(value.get(name), f"{where}.{name}", problems) for name in _NAMES}
    if not isinstance(run_id, str) or not isinstance(config, str):
        return None
    extra = {key: item for key, item in value.items() if key not in {"run_id", "run_config", *_NAMES}}
    return Run(run_id=readable(run_id), run_config=readable(config), extra=readable(extra), **names)


def read_hypothesis(value: Any, where: str, problems: Problems) -> Hypothesis | None:
    """The hypothesis object in `value`; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.add(where, f"is {kind(value)}; give an object")
        return None
    metric = _optional_text(value.get("primary_metric"), f"{where}.primary_metric", problems)
    result = _optional_text(value.get("expected_result"), f"{where}.expected_result", problems)
    other = {key: item for key, item in value.items() if key not in {"primary_metric", "expected_result"}}
    return Hypothesis(primary_metric=metric, expected_result=result, other=readable(other))


def read_review(value: Any, where: str, problems: Problems) -> EarlierReview | None:
    """An earlier reviewer's verdict; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, dict):
        problems.add(where, f"is {kind(value)}; give an object with is_code_ready and code_issue")
        return None
    for key in value.keys() - {"is_code_ready", "code_issue"}:
        problems.add(f"{where}.{show(key)}", "is not known; a review has is_code_ready and code_issue")
    ready, issue = value.get("is_code_ready"), value.get("code_issue")
    if ready is not None and not isinstance(ready, bool):
        problems.add(f"{where}.is_code_ready", f"is {kind(ready)}; give true or false")
        ready = None
    issue = _optional_text(issue, f"{where}.code_issue", problems)
    return EarlierReview(is_code_ready=ready, code_issue=issue or "")


def read_date(value: Any, where: str, problems: Problems) -> datetime | None:
    """An ISO 8601 date and time; without a zone it is taken as UTC."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        shown = show(value) if isinstance(value, str) else kind(value)
        problems.add(where, f"is {shown}; give an ISO 8601 date such as 2025-11-20T08:30:00+00:00")
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _optional_text(value: Any, where: str, problems: Problems) -> str | None:
    if value is None or isinstance(value, str):
        return readable(value)
    problems.add(where, f"is {kind(value)}; give a string, or leave it out")
    return None


def _given(value: dict[str, Any], key: str) -> str:
    return kind(value[key]) if key in value else "missing"


def readable(value: Any) -> Any:
    """`value` with lone surrogates replaced, so that a model can hold what was already refused."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, dict):
        return {readable(key): readable(item) for key, item in value.items()}
    return value
