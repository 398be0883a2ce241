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
LARGEST = 1e15
"""Of a number in an event: far beyond any count, time or size, and safe to add up."""


def number(value: object) -> float | None:
    """`value` as a number that can be reckoned with; None where it is none."""
    return value if isinstance(value, (int, float)) and -LARGEST <= value <= LARGEST else None


@dataclass(eq=False)
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

    @property
    def left(self) -> Event | None:
        """Its last words before os._exit."""
        return next((event for event in reversed(self.events) if event["e"] == "left"), None)

    def of(self, kind: str) -> list[Event]:
        """The objects, or else the plain events, of one kind."""
        return [event for (name, _), event in self.objects.items() if name == kind] or [
            event for event in self.events if event["e"] == kind
        ]

    def take(self, event: Event) -> None:
        """Add one event; what cannot be is noted."""
        kind, counted = event["e"], event["n"]
        if self.hello is None:
            if kind != "hello" or counted != 1:
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
        self.last_time = max(self.last_time, float(number(event.get("t")) or 0.0))
        identity = event.get("i")
        if kind in _GROW and isinstance(identity, int):
            self._replace(kind, identity, event)
        elif kind == "counters":
            self.objects[kind, 0] = event
        elif kind == "goodbye":
            self.goodbye = event
        else:
            self.events.append(event)
        if counted != self.last_number + 1:
            self.disputes[f"numbers of process {self.pid}'s events are not in a row"] += 1
        self.last_number = max(self.last_number, counted)

    def _replace(self, kind: str, identity: int, event: Event) -> None:
        before = self.objects.get((kind, identity), {})
        for name in _GROW[kind]:
            now, was = event.get(name, 0), before.get(name, 0)
            if not isinstance(now, int):
                self.disputes[f"process {self.pid}: {name} of a {kind} is no number"] += 1
            elif isinstance(was, int) and now < was:
                self.disputes[f"process {self.pid}: {name} of a {kind} went back"] += 1
        self.objects[kind, identity] = event


@dataclass(frozen=True)
class Log:
    """What is left of an attempt's events."""

    streams: list[Stream]
    disputed: list[str]
    dropped: bool
    """Whether there was more than is kept: what is not here may have happened."""


def read_log(path: Path) -> Log:
    """The streams of a log, and what is disputed about it; nothing for a log that is not there."""
    streams: dict[int, Stream] = {}
    disputed: list[str] = []
    dropped = superseded = False
    for event in _events(path):
        if event["e"] == "log" and "c" not in event:
            dropped, superseded = bool(event.get("dropped")), bool(event.get("superseded"))
            if event.get("forged"):
                disputed.append(f"{event['forged']} lines that the probe cannot have written")
            continue
        connection = event.get("c")
        if isinstance(connection, int) and isinstance(event.get("n"), int) and isinstance(event.get("p"), int):
            streams.setdefault(connection, Stream(connection)).take(event)
    for stream in streams.values():
        for what, count in stream.disputes.items():
            if not ((dropped or superseded) and what.endswith("not in a row")):
                disputed.append(f"{what} ({count})" if count > 1 else what)
    introduced = [stream for stream in streams.values() if stream.hello is not None]
    return Log(introduced, disputed[:50], dropped)


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
