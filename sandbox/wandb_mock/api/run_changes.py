"""Mutations of runs: begin, resume, change, stop, delete, alert; and what is refused in words."""

from __future__ import annotations

import json
import secrets
from typing import Any

from sandbox.wandb_mock.api.context import Context, Fields, Info, context
from sandbox.wandb_mock.names import json_object, node_number
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.rows import Run

NO_SWEEPS = "sweeps are not served by this W&B stand-in; a search has to run inside the program"
NO_REGISTRY = "linking artifacts to a registry is not served by this W&B stand-in"
COLUMNS = {
    "displayName": "display_name",
    "description": "description",
    "notes": "notes",
    "groupName": "group_name",
    "jobType": "job_type",
    "commit": "commit_hash",
    "jobRepo": "repo",
    "host": "host",
    "jobProgram": "program",
}
STATES = frozenset({"running", "finished", "failed", "crashed", "killed", "pending", "preempted", "preempting"})


def upsert_bucket(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """Create a run, or change the one of this id. The configuration and summary replace what was there."""
    given, of = arguments["input"], context(info)
    if given.get("sweep"):
        raise RefusedError(400, NO_SWEEPS)
    changes = {column: given.get(name) for name, column in COLUMNS.items()}
    if given.get("config") is not None:
        changes["config"] = json.dumps(json_object(given["config"], "config"))
    if given.get("summaryMetrics") is not None:
        changes["summary"] = json.dumps(json_object(given["summaryMetrics"], "summaryMetrics"))
    if given.get("tags") is not None:
        changes["tags"] = json.dumps(given["tags"])
    if given.get("state") is not None:
        changes["state"] = _state(given["state"])
    if given.get("id"):
        run, inserted = of.store.runs.update(node_number("Run", given["id"]), **changes), False
    else:
        owner, project = given.get("entityName") or of.entity, given.get("modelName") or "uncategorized"
        name = given.get("name") or secrets.token_hex(4)
        of.touched |= {"entity": owner, "project": project, "run_id": name}
        run, inserted = of.store.runs.upsert(owner, project, name, heartbeat_at=of.now, **changes)
        if not inserted and given.get("state") is None and given.get("host"):
            # Only a starting client says its host: an ended run runs again, whether resumed or begun anew.
            of.store.runs.reopen(run.id)
    touch(of, run)
    return {"bucket": of.store.runs.by_id(run.id), "inserted": inserted, "serverSettings": {"serverMessages": []}}


def _state(word: str) -> str:
    if word not in STATES:
        raise RefusedError(400, f"unknown run state {word!r}")
    return word


def update_state(_: Any, info: Info, **arguments: Any) -> dict[str, bool]:
    of = context(info)
    run = touch(of, of.store.runs.by_id(node_number("Run", arguments["input"]["id"])))
    of.store.runs.update(run.id, state=_state(arguments["input"]["state"]))
    return {"success": True}


def touch(of: Context, run: Run) -> Run:
    """Note for the record which run a request was about."""
    of.touched |= {"entity": run.entity, "project": run.project, "run_id": run.name}
    return run


def named_run(of: Context, given: dict[str, Any]) -> Run:
    """The run that an input names by entity, project and run. Raises RefusedError (404)."""
    owner, project = given.get("entityName") or of.entity, given.get("projectName") or "uncategorized"
    return touch(of, of.store.runs.get(owner, project, given.get("runName") or ""))


def delete_run(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    of = context(info)
    run = touch(of, of.store.runs.by_id(node_number("Run", arguments["input"]["id"])))
    of.store.runs.delete(run.id)
    return {"clientMutationId": arguments["input"].get("clientMutationId"), "success": True}


def stop_run(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    """The client asks `stopped` from time to time and ends the program."""
    of = context(info)
    run = touch(of, of.store.runs.by_id(node_number("Run", arguments["input"]["id"])))
    of.store.runs.update(run.id, stopped=1)
    return {"clientMutationId": arguments["input"].get("clientMutationId"), "success": True}


def alert(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given, of = arguments["input"], context(info)
    run = named_run(of, given)
    of.store.runs.add_alert(run.id, given["title"], given["text"], given.get("severity") or "INFO")
    return {"success": True}


def _refuse(message: str) -> Any:
    def resolve(_: Any, info: Info, **arguments: Any) -> None:
        raise RefusedError(400, message)

    return resolve


FIELDS: Fields = {
    "Mutation": {
        "upsertBucket": upsert_bucket,
        "deleteRun": delete_run,
        "stopRun": stop_run,
        "updateRunState": update_state,
        "notifyScriptableRunAlert": alert,
        "rewindRun": _refuse("rewinding runs is not served by this W&B stand-in"),
        "upsertSweep": _refuse(NO_SWEEPS),
        "createAgent": _refuse(NO_SWEEPS),
        "agentHeartbeat": _refuse(NO_SWEEPS),
        "linkArtifact": _refuse(NO_REGISTRY),
    },
}
