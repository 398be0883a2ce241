"""Who is asking: the viewer, entities, and what the server says of itself.

Every entity exists and may be written to: which one a submission declares is for the review to judge, from the record.
"""

from __future__ import annotations

from typing import Any

from sandbox.wandb_mock.api.context import Context, Fields, Info, context, page
from sandbox.wandb_mock.names import check_entity_name, node_id

SERVER_VERSION = "0.70.0"
"""A version after all that clients compare with; features are found out by introspection."""
NEWEST_CLIENT = "999.0.0"
"""Clients warn when they are newer than the server's newest known client."""


def user(of: Context) -> dict[str, Any]:
    name = of.entity
    teams = page([entity(name)])
    return {
        "id": node_id("User", 1),
        "name": name,
        "username": name,
        "email": f"{name}@example.invalid",
        "entity": name,
        "admin": False,
        "flags": "{}",
        "accountType": "MEMBER",
        "teams": teams,
        "apiKeys": {"edges": []},
    }


def entity(name: str) -> dict[str, Any]:
    return {"id": node_id("Entity", 1), "name": name, "isTeam": False, "available": False, "readOnly": False}


def viewer(_: Any, info: Info) -> dict[str, Any] | None:
    """None for a caller without a key, as the server does."""
    return user(context(info)) if context(info).authenticated else None


def users(_: Any, info: Info, query: str | None = None, first: int | None = None, after: str | None = None) -> Any:
    me = user(context(info))
    found = [me] if not query or query in (me["username"], me["email"]) else []
    return page(found, first, after)


def named_user(_: Any, info: Info, **names: str | None) -> dict[str, Any] | None:
    me = user(context(info))
    return me if me["username"] in names.values() else None


def named_entity(_: Any, info: Info, name: str | None = None) -> dict[str, Any]:
    return entity(check_entity_name(name or context(info).entity))


def server_info(_: Any, info: Info) -> dict[str, Any]:
    """No optional feature is on: clients then use the ways that all their versions share."""
    return {
        "cliVersionInfo": {"max_cli_version": NEWEST_CLIENT},
        "latestLocalVersionInfo": None,
        "features": [],
        "serverVersion": SERVER_VERSION,
    }


FIELDS: Fields = {
    "Query": {
        "viewer": viewer,
        "users": users,
        "user": named_user,
        "entity": named_entity,
        "serverInfo": server_info,
        "organization": lambda source, info, name: None,
    },
}
