"""Single items of the facts, from events whose fields may be anything: what makes no sense raises."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

from runner.probe_facts import Losses, Place, Process
from runner.probe_stream import Event, Stream

_Item = TypeVar("_Item", bound=BaseModel)


def item_of(kind: type[_Item], event: Event, pid: int, names: dict[str, str]) -> _Item:
    """The facts' item of an event: fields of the same name, but for `names` (field -> the event's)."""
    values: dict[str, Any] = {"pid": pid}
    for field in kind.model_fields:
        name = names.get(field, field)
        if name in event and field != "pid":
            values[field] = event[name]
    if "place" in kind.model_fields:
        values["place"] = place_of(event.get("at"))
    return kind.model_validate(values)


def process_of(stream: Stream, disabled: str) -> Process:
    """What a process says of its beginning and end; `disabled`: what the probe could not see of it."""
    hello = stream.hello or {}
    return Process(
        pid=hello["p"],
        parent=hello["parent"],
        command=str(hello.get("command", ""))[:300],
        ended=stream.goodbye is not None,
        left=stream.left is not None,
        disabled=disabled,
    )


def text(value: object) -> str:
    """Bounded text of anything."""
    return str(value)[:300]


def losses_of(event: Event, pid: int) -> Losses:
    """The losses of one process."""
    bad = event.get("bad") or {}
    return Losses(
        pid=pid,
        count=event["count"],
        looked_at=event["looked_at"],
        first=[float(value) for value in event["first"]][:8],
        nan=event["nan"],
        infinite=event["infinite"],
        first_bad=place_of(bad.get("at")) if bad else None,
        first_bad_number=bad.get("number"),
    )


def place_of(at: object) -> Place:
    """A place in the submission; none where it is not told."""
    if isinstance(at, list) and len(at) == 2 and isinstance(at[0], str) and isinstance(at[1], int):
        return Place(file=at[0][:300], line=at[1])
    return Place()


def plain(value: object) -> list[Any]:
    """The numbers and words of what should be a list of them."""
    return [item for item in value if isinstance(item, (int, str))] if isinstance(value, list) else []
