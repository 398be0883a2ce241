"""Projects, and the runs they hold."""

from __future__ import annotations

from typing import Any

from sandbox.wandb_mock import filters
from sandbox.wandb_mock.api.accounts import entity, user
from sandbox.wandb_mock.api.context import Context, Fields, Info, context, moment, page
from sandbox.wandb_mock.names import json_object, node_id, node_number
from sandbox.wandb_mock.store.rows import Project, Run


def find(_: Any, info: Info, name: str | None = None, **arguments: str | None) -> Project | None:
    """None for a project that does not exist; clients make their own error of that."""
    of = context(info)
    owner = arguments.get("entityName") or of.entity
    of.touched |= {"entity": owner, "project": name or ""}
    return of.store.runs.project(owner, name or "uncategorized")


def all_projects(_: Any, info: Info, first: int | None = None, after: str | None = None, **arguments: Any) -> Any:
    of = context(info)
    return page(of.store.runs.projects(arguments.get("entityName") or of.entity), first, after)


def run(source: Project, info: Info, name: str, **_: Any) -> Run | None:
    of = context(info)
    of.touched["run_id"] = name
    return of.store.runs.find(source.entity, source.name, name)


def runs(
    source: Project,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    order: str | None = None,
    **arguments: Any,
) -> Any:
    of = context(info)
    found = _filtered(source, of, arguments.get("filters"))
    return page(filters.ordered(found, order, of.now), first, after)


def run_count(source: Project, info: Info, **arguments: Any) -> int:
    return len(_filtered(source, context(info), arguments.get("filters")))


def _filtered(source: Project, of: Context, text: str | None) -> list[Run]:
    query = json_object(text, "filters")
    return [run for run in of.store.runs.all(source.id) if filters.matches(run, query, of.now)]


def upsert_model(_: Any, info: Info, **arguments: Any) -> dict[str, Any]:
    given = arguments["input"]
    of = context(info)
    if given.get("id"):
        known = of.store.runs.project_by_id(node_number("Project", given["id"]))
        owner, name = (known.entity, known.name) if known else ("", "")
    else:
        owner, name = given.get("entityName") or of.entity, given.get("name") or ""
    of.touched |= {"entity": owner, "project": name}
    inserted = of.store.runs.project(owner, name) is None
    project = of.store.runs.make_project(owner, name, given.get("description"))
    return {"model": project, "project": project, "inserted": inserted}


FIELDS: Fields = {
    "Query": {"project": find, "model": find, "projects": all_projects, "models": all_projects},
    "Project": {
        "id": lambda source, info: node_id("Project", source.id),
        "internalId": lambda source, info: source.id,
        "entityName": lambda source, info: source.entity,
        "entity": lambda source, info: entity(source.entity),
        "createdAt": lambda source, info: moment(source.created_at),
        "access": lambda source, info: "PRIVATE",
        "views": lambda source, info: "{}",
        "isBenchmark": lambda source, info: False,
        "readOnly": lambda source, info: False,
        "totalRuns": run_count,
        "runCount": run_count,
        "run": run,
        "bucket": run,
        "runs": runs,
        "buckets": runs,
        "sweep": lambda source, info, **_: None,
        "sweeps": lambda source, info, **_: page([]),
        "user": lambda source, info: user(context(info)),
        "totalSweeps": lambda source, info: 0,
    },
    "Mutation": {"upsertModel": upsert_model},
}
