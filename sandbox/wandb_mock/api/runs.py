"""Runs as they are read: resuming clients ask for tails and counts, the public API for everything else."""

from __future__ import annotations

import json
import math
from typing import Any

from sandbox.wandb_mock import history as rows_of
from sandbox.wandb_mock.api.accounts import user
from sandbox.wandb_mock.api.context import Fields, Info, context, moment, noted, page, read
from sandbox.wandb_mock.history import Selection
from sandbox.wandb_mock.names import json_object, node_id
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.lines import EVENTS, HISTORY, OUTPUT
from sandbox.wandb_mock.store.rows import Run

DEFAULT_SAMPLES = 500


def _rows(source: Run, info: Info, stream: str) -> list[dict[str, Any]]:
    return context(info).store.lines.rows(source.id, stream)


def _lines(stream: str) -> Any:
    """The resolver of `history` and `events`: rows as JSON strings, flat, thinned, between steps if those are given."""

    def resolve(source: Run, info: Info, **asked: Any) -> list[str]:
        if stream == HISTORY:
            read(info, source.name, "history")
        samples = DEFAULT_SAMPLES if asked.get("samples") is None else asked["samples"]
        wanted = Selection(
            min_step=_step(asked.get("minStep"), -math.inf),
            max_step=_step(asked.get("maxStep"), math.inf),
            samples=samples,
        )
        return [json.dumps(row) for row in rows_of.select(_rows(source, info, stream), wanted)]

    return resolve


def _step(value: Any, otherwise: float) -> float:
    """A step from a variable (a number) or from a literal in the document (whatever was written there)."""
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise RefusedError(400, f"a step must be a number, not {value!r}")
    try:
        return float(value)
    except (ValueError, OverflowError) as problem:
        raise RefusedError(400, f"a step must be a number, not {value!r}") from problem


def _samples(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise RefusedError(400, f"samples must be a whole number, not {value!r}")
    return value


def sampled_history(source: Run, info: Info, specs: list[str | None] | None = None) -> list[list[dict[str, Any]]]:
    """One list of rows for each specification: {"keys", "samples", "minStep", "maxStep"}."""
    rows = _rows(source, info, HISTORY)
    answers = []
    for text in specs or []:
        spec = json_object(text, "a history specification")
        keys = spec.get("keys") or []
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise RefusedError(400, "keys must be a list of strings")
        read(info, source.name, "history", keys)
        samples = _samples(spec.get("samples", DEFAULT_SAMPLES))
        begin, end = _step(spec.get("minStep"), -math.inf), _step(spec.get("maxStep"), math.inf)
        # Here, other than in `history`, newer clients count the last step in: they ask for 0 to 25 and 26 samples.
        # Older ones ask for 0 to 1000, 1000 to 2000 and 1000 samples, and must not get a row twice.
        wanted = Selection(tuple(keys), begin, end if end - begin >= samples else end + 1, samples)
        answers.append(rows_of.select(rows, wanted))
    return answers


def parquet_history(source: Run, info: Info, **asked: Any) -> dict[str, Any]:
    """Nothing is ever exported to Parquet, so all of a run's history is live data. Keys None: all of them."""
    keys = tuple(asked.get("liveKeys") or ())
    read(info, source.name, "history", keys)
    live = rows_of.select(_rows(source, info, HISTORY), Selection(keys=keys, samples=10**9))
    return {"parquetUrls": [], "liveData": live}


def system_metrics(source: Run, info: Info) -> str:
    """The last system metrics row, each key with the prefix that clients expect to strip."""
    tail = context(info).store.lines.tail(source.id, EVENTS)
    row = json_object(tail[0], "an event") if tail else {}
    return json.dumps({f"systemMetrics.{key}": value for key, value in row.items() if not key.startswith("_")})


def wandb_config(source: Run, info: Info, keys: list[str | None] | None = None) -> str:
    """W&B's own part of the configuration, or only some keys of it."""
    entry = json.loads(source.config).get("_wandb")
    internal = entry.get("value") if isinstance(entry, dict) else None
    found = internal if isinstance(internal, dict) else {}
    return json.dumps({key: value for key, value in found.items() if keys is None or key in keys})


def log_lines(
    source: Run,
    info: Info,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    """Console output. A line may start with its level and an ISO time, which clients put there."""
    lines = context(info).store.lines.get(source.id, OUTPUT)
    if last is not None and last >= 0:
        lines = lines[max(0, len(lines) - last) :]
    nodes = [{"number": number, "level": "info", "line": text.rstrip("\n")} for number, text in lines]
    return page(nodes, first, after)


def _count(stream: str) -> Any:
    return lambda source, info: context(info).store.lines.count(source.id, stream)


def _tail(stream: str) -> Any:
    return lambda source, info: json.dumps(context(info).store.lines.tail(source.id, stream))


def _state(source: Run, info: Info) -> str:
    return source.state_at(context(info).now)


def run_info(source: Run, info: Info) -> dict[str, Any]:
    git = {"remote": source.repo, "commit": source.commit_hash}
    return {"program": source.program, "args": [], "codeSaved": False, "git": git}


FIELDS: Fields = {
    "Run": {
        "id": lambda source, info: node_id("Run", source.id),
        "state": _state,
        "failed": lambda source, info: _state(source, info) in ("failed", "crashed"),
        "running": lambda source, info: _state(source, info) == "running",
        "stopped": lambda source, info: bool(source.stopped),
        "shouldStop": lambda source, info: bool(source.stopped),
        "tags": lambda source, info: json.loads(source.tags),
        "group": lambda source, info: source.group_name,
        "sweepName": lambda source, info: None,
        "sweep": lambda source, info: None,
        "commit": lambda source, info: source.commit_hash,
        "readOnly": lambda source, info: False,
        "createdAt": lambda source, info: moment(source.created_at),
        "updatedAt": lambda source, info: moment(source.heartbeat_at),
        "heartbeatAt": lambda source, info: moment(source.heartbeat_at),
        "exitcode": lambda source, info: source.exit_code,
        "wandbConfig": wandb_config,
        "config": noted("config", lambda source, info: source.config),
        "summaryMetrics": noted("summary", lambda source, info: source.summary),
        "systemMetrics": system_metrics,
        "historyKeys": lambda source, info: rows_of.key_facts(_rows(source, info, HISTORY)),
        "historyLineCount": _count(HISTORY),
        "eventsLineCount": _count(EVENTS),
        "logLineCount": _count(OUTPUT),
        "historyTail": _tail(HISTORY),
        "eventsTail": _tail(EVENTS),
        "history": _lines(HISTORY),
        "events": _lines(EVENTS),
        "sampledHistory": sampled_history,
        "parquetHistory": parquet_history,
        "logLines": log_lines,
        "user": lambda source, info: user(context(info)),
        "project": lambda source, info: context(info).store.runs.project_by_id(source.project_id),
        "runInfo": run_info,
    },
}
