"""Names: which ones the server takes, which ones it makes up, and the opaque ids of its nodes."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from sandbox.json_values import parse
from sandbox.wandb_mock.refusal import RefusedError

PROJECT_FORBIDDEN = re.compile(r"[/\\#?%:\x00-\x1f]")
"""Source: the client's own message about project names."""
NAME_LENGTH = 128
ADJECTIVES = ["amber", "brisk", "calm", "dapper", "eager", "fresh", "gentle", "hardy", "icy", "jolly", "keen", "lively"]
NOUNS = ["breeze", "cloud", "dawn", "ember", "forest", "glade", "harbor", "island", "leaf", "meadow", "river", "stone"]


def check_project_name(name: str) -> str:
    """Raises RefusedError for what the real server does not take either."""
    if not name or len(name) > NAME_LENGTH or PROJECT_FORBIDDEN.search(name):
        raise RefusedError(400, f"invalid project name {name!r}: 1 to {NAME_LENGTH} characters, none of /\\#?%:")
    return name


def check_entity_name(name: str) -> str:
    if not name or len(name) > NAME_LENGTH or PROJECT_FORBIDDEN.search(name):
        raise RefusedError(404, f"entity {name!r} not found")
    return name


def check_run_name(name: str) -> str:
    if not name or len(name) > NAME_LENGTH or PROJECT_FORBIDDEN.search(name):
        raise RefusedError(400, f"invalid run id {name!r}: 1 to {NAME_LENGTH} characters, none of /\\#?%:")
    return name


def display_name(number: int) -> str:
    """A name in the manner of the server's, for a run that was given none; never equal to a run id."""
    return f"{ADJECTIVES[number % len(ADJECTIVES)]}-{NOUNS[number // len(ADJECTIVES) % len(NOUNS)]}-{number}"


def node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def node_number(kind: str, node: str) -> int:
    """The row id behind a node id. Raises RefusedError if it is none of this kind."""
    try:
        found, _, number = base64.b64decode(node, validate=True).decode().partition(":")
        if found == kind and len(number) < 16 and number.isascii() and number.isdigit():
            return int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise RefusedError(404, f"{kind} {node!r} not found")


def json_object(text: str | None, what: str) -> dict[str, Any]:
    """Parse a JSON object that a client sent as a string; see `json_values.parse`.

    Raises RefusedError if it is not an object.
    """
    try:
        value = parse(text or "{}")
    except (ValueError, RecursionError) as problem:
        raise RefusedError(400, f"{what} is not JSON: {problem}") from problem
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RefusedError(400, f"{what} must be a JSON object")
    return value
