"""The file stream: how a client sends history, events, summary and console output while it runs, and its end.

One POST every few seconds (sooner at the end) with any of
    {"files": {NAME: {"offset": N, "content": [LINE, ...]}}, "uploaded": [...], "complete": bool, "exitcode": int}
A POST without files is a heartbeat.
"""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox.wandb_mock.names import json_object
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.store.lines import EVENTS, HISTORY, OUTPUT
from sandbox.wandb_mock.store.rows import Run

STREAMS = {"wandb-history.jsonl": HISTORY, "wandb-events.jsonl": EVENTS, "output.log": OUTPUT}
SUMMARY = "wandb-summary.json"
MAX_LINES = 2_000_000
MAX_OUTPUT = 8 * 2**20
"""Characters of a run's console output that are kept."""


def accept(store: Store, run: Run, body: Any) -> str:
    """Store what one request brings; returns a short account of it. Raises RefusedError (400) if it cannot be read."""
    if not isinstance(body, dict):
        raise RefusedError(400, "the file stream takes a JSON object")
    chunks = body.get("files") or {}
    if not isinstance(chunks, dict):
        raise RefusedError(400, "files must be an object")
    account = []
    with store.database.transaction():
        for name, chunk in chunks.items():
            offset, lines = _read(name, chunk)
            if name == SUMMARY:
                _summary(store, run, lines)
            elif name in STREAMS:
                stream = STREAMS[name]
                if stream != OUTPUT or store.lines.size(run.id, OUTPUT) < MAX_OUTPUT:
                    store.lines.put(run.id, stream, offset, lines, truncate=stream != OUTPUT)
            account.append(f"{name}: {len(lines)} lines at {offset}")
        account += _lifecycle(store, run, body)
    return ", ".join(account) or "heartbeat"


def _read(name: str, chunk: Any) -> tuple[int, list[str]]:
    given = chunk if isinstance(chunk, dict) else {"offset": None}
    offset, lines = given.get("offset", 0), given.get("content", [])
    countable = isinstance(offset, int) and not isinstance(offset, bool) and 0 <= offset <= MAX_LINES
    if not countable or not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise RefusedError(400, f"{name} needs an offset from 0 to {MAX_LINES} and content as a list of strings")
    return offset or 0, lines


def _summary(store: Store, run: Run, lines: list[str]) -> None:
    """Each line is the whole summary; the last one stands."""
    if lines:
        store.runs.update(run.id, summary=json.dumps(json_object(lines[-1], "the summary")))


def _lifecycle(store: Store, run: Run, body: dict[str, Any]) -> list[str]:
    """The end of a run: `complete` with an exit code. 0 is finished, anything else failed."""
    if not body.get("complete"):
        state = "preempting" if body.get("preempting") else None
        store.runs.update(run.id, heartbeat_at=time.time(), state=state)
        return []
    code = body.get("exitcode", 0)
    if isinstance(code, bool) or not isinstance(code, int) or abs(code) > 2**31:
        raise RefusedError(400, "exitcode must be a whole number")
    store.runs.update(run.id, heartbeat_at=time.time(), exit_code=code, state="failed" if code else "finished")
    return [f"complete with exit code {code}"]


def reply(run: Run) -> dict[str, Any]:
    """What the server says back: no limits, and whether somebody asked the run to stop."""
    return {"exitcode": None, "limits": {}, "stopped": bool(run.stopped)}
