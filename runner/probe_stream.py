"""The probe's log, read back: one stream of events per connection, and what contradicts itself in them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = dict[str, Any]

_GROW = {
    "pass": ("delivered", "train"),
    "span": ("batches", "forwards"),
    "model": ("forwards",),
    "optimizer": ("steps", "without"),
    "losses": ("count", "nan"),
    "masked": ("calls",),
    "optuna": ("studies", "trials"),
}
"""Numbers of an object that only ever grow."""


@dataclass
class Stream:
    """One connection: one process, or whoever claims to be one."""

    number: int
    events: list[Event] = field(default_factory=list)
    """Plain events, in order."""
    objects: dict[tuple[str, int], Event] = field(default_factory=dict)
    """Last state of every object, by kind and number, in the order in which they were first sent."""
    hello: Event | None = None
    goodbye: Event | None = None
    disputes: Counter[str] = field(default_factory=Counter)
    last_number: int = 0
    last_time: float = 0.0

    @property
    def pid(self) -> int:
        return int(self.hello["p"]) if self.hello else -1

    def of(self, kind: str) -> list[Event]:
        """The objects, or else the plain events, of one kind."""
        return [event for (name, _), event in self.objects.items() if name == kind] or [
            event for event in self.events if event["e"] == kind
        ]

    def take(self, event: Event) -> None:
        """Add one event; what cannot be is noted."""
        kind, number = event["e"], event["n"]
        if self.hello is None:
            if kind != "hello" or number != 1:
                self.disputes["events of a process that never introduced itself"] += 1
                return
            self.hello = event
        elif kind == "hello":
            self.disputes[f"process {self.pid} introduced itself twice"] += 1
            return
        if event["p"] != self.pid:
            self.disputes[f"an event of process {event['p']} over the connection of process {self.pid}"] += 1
            return
        if self.goodbye is not None:
            self.disputes[f"process {self.pid} went on after its goodbye"] += 1
        time = event.get("t")
        self.last_time = max(self.last_time, float(time)) if isinstance(time, (int, float)) else self.last_time
        identity = event.get("i")
        if kind in _GROW and isinstance(identity, int):
            self._replace(kind, identity, event)
        elif kind == "counters":
            self.objects[kind, 0] = event
        elif kind == "goodbye":
            self.goodbye = event
        else:
            self.events.append(event)
        if number != self.last_number + 1:
            self.disputes[f"numbers of process {self.pid}'s events are not in a row"] += 1
        self.last_number = max(self.last_number, number)

    def _replace(self, kind: str, identity: int, event: Event) -> None:
        before = self.objects.get((kind, identity))
        for name in _GROW[kind]:
            if before is not None and isinstance(event.get(name), int) and event[name] < before.get(name, 0):
                self.disputes[f"process {self.pid}: {name} of a {kind} went back"] += 1
        self.objects[kind, identity] = event


def read_streams(path: Path) -> tuple[list[Stream], list[str]]:
    """The streams of a log, and what is disputed about it; nothing for a log that is not there."""
    streams: dict[int, Stream] = {}
    disputed: list[str] = []
    dropped = False
    for event in _events(path):
        if event["e"] == "log" and "c" not in event:
            dropped = bool(event.get("dropped"))
            if event.get("forged"):
                disputed.append(f"{event['forged']} lines that the probe cannot have written")
            continue
        number = event.get("c")
        if isinstance(number, int) and isinstance(event.get("n"), int) and isinstance(event.get("p"), int):
            streams.setdefault(number, Stream(number)).take(event)
    for stream in streams.values():
        for what, count in stream.disputes.items():
            if not (dropped and what.endswith("not in a row")):
                disputed.append(f"{what} ({count})" if count > 1 else what)
    return [stream for stream in streams.values() if stream.hello is not None], disputed[:50]


def _events(path: Path) -> Iterable[Event]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and isinstance(event.get("e"), str):
                yield event
