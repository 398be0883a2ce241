"""Folds the probe's events into ProbeFacts. Reads what a submission may have written: nothing in it is trusted to be
of its type, and what is not is left out and disputed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner.probe_facts import (
    Configuration,
    Contact,
    Load,
    Masked,
    Model,
    OptimizerUse,
    OptunaUse,
    Pass,
    Phase,
    Printed,
    ProbeFacts,
    Sampled,
    Shortened,
    Started,
    WandbUse,
    Written,
)
from runner.probe_items import item_of, losses_of, place_of, plain, process_of, text
from runner.probe_processes import Family, fell_silent
from runner.probe_stream import Log, Stream, number, read_log
from sandbox.probe import is_peak

MAX_ITEMS = 500
"""Of every list of the facts."""
_WORK = ("batches", "forward", "generate_calls", "backward", "optimizer_steps", "search_trials")
"""Counters that show that a process went on; what is told last of all, while it ends, may have been done before."""
_OURS = {"cpu_seconds", "processes", "unobserved_children", "other_framework"}
"""Counters that are counted here."""
LISTS = frozenset(name for name, field in ProbeFacts.model_fields.items() if field.default == []) - {"cut", "disputed"}
"""Names of the lists of what was seen."""
_PASS = {"train_batches": "train", "eval_batches": "eval"}
_PHASE = {"kind": "what", "forwards_without_loader": "forwards"}
_OPTIMIZER = {"steps_without_gradient": "without", "steps_at_zero_rate": "at_zero"}
_MODEL = {"forwards_without_gradients": "without"}
"""Field of the facts -> of the event, where they differ."""
_SENSELESS = (ValidationError, TypeError, ValueError, KeyError, AttributeError, OverflowError)
"""What reading a forged event raises."""


def summarise_events(path: Path, exit_code: int | None = None) -> ProbeFacts:
    """The facts of one attempt, from its events.jsonl; empty ones if it does not exist.

    `exit_code` is the command's: an error of a load was not swallowed by a process that went no further and failed.
    """
    log = read_log(path)
    fold = _Fold(log)
    fold.children()
    for stream in log.streams:
        fold.guarded(fold.process, stream)
        fold.guarded(fold.work, stream)
        fold.guarded(fold.assets, stream, exit_code)
        fold.guarded(fold.calls, stream)
    silence = fell_silent(log, fold.family.main, exit_code)
    fold.disputed += [silence] if silence else []
    return fold.facts()


class _Fold:
    def __init__(self, log: Log) -> None:
        self.streams = log.streams
        self.disputed = list(log.disputed)
        self.lists: dict[str, list[Any]] = {}
        self.cut = set(LISTS) if log.dropped else set[str]()
        self.counters: Counter[str] = Counter()
        self.cpu_seconds = 0.0
        self.senseless = 0
        self.family = Family(log.streams)

    def facts(self) -> ProbeFacts:
        if self.senseless:
            self.disputed.append(f"{self.senseless} events that make no sense")
        # A launcher that waits for its child ends last, and has done nothing.
        last = max(self.streams, key=lambda stream: (bool(stream.of("counters")), stream.last_time), default=None)
        phases = [event.get("to") for event in last.events if event["e"] == "phase"] if last else []
        return ProbeFacts(
            **self.lists,
            counters={name: float(value) for name, value in self.counters.items()} | self._cpu(),
            hand_batches=int(self.counters["hand_batches"]),
            phase=str(phases[-1])[:20] if phases else "import" if last else "",
            cut=sorted(self.cut),
            disputed=self.disputed,
        )

    def _cpu(self) -> dict[str, float]:
        return {"cpu_seconds": round(self.cpu_seconds, 2)} if self.streams else {}

    def add(self, name: str, make: Callable[..., object], *arguments: object) -> None:
        """Add what `make(*arguments)` makes to a list of the facts; what makes no sense is counted."""
        items = self.lists.setdefault(name, [])
        if len(items) >= MAX_ITEMS:
            self.cut.add(name)
            return
        try:
            item = make(*arguments)
        except _SENSELESS:
            self.senseless += 1
            return
        if item not in items or isinstance(item, (Phase, Pass, Model, OptimizerUse)):
            items.append(item)

    def guarded(self, step: Callable[..., None], *arguments: object) -> None:
        """One step of one stream; whatever a forged event makes of it."""
        try:
            step(*arguments)
        except _SENSELESS:
            self.senseless += 1

    def process(self, stream: Stream) -> None:
        self.counters["processes"] += 1
        self.counters["other_framework"] += len(stream.of("framework"))
        parts = [f"{event.get('part')}: {event.get('message')}" for event in stream.of("trouble")]
        parts += [f"{name} was replaced" for name in plain((stream.goodbye or {}).get("lost"))]
        self.add("processes", process_of, stream, "; ".join(parts)[:1000])
        self.cpu_seconds += self.number((stream.goodbye or stream.left or {}).get("cpu"))

    def children(self) -> None:
        self.counters["unobserved_children"] = len(self.family.unobserved)
        for command in self.family.unobserved:
            self.add("unobserved", str, command)
        for command in self.family.hiding:
            self.add("hiding", str, command)

    def work(self, stream: Stream) -> None:
        pid = stream.pid
        for event in stream.of("pass"):
            self.add("passes", item_of, Pass, event, pid, _PASS)
        for event in stream.of("span"):
            self.add("phases", item_of, Phase, event, pid, _PHASE)
        for event in stream.of("optimizer"):
            self.add("optimizers", item_of, OptimizerUse, event, pid, _OPTIMIZER)
        for event in stream.of("losses"):
            self.add("losses", losses_of, event, pid)
        for event in stream.of("model"):
            self.add("models", item_of, Model, event, pid, _MODEL)
            for device in plain(event.get("devices")):
                self.counters[f"device_{str(device).partition(':')[0][:20]}"] = 1
        for event in stream.of("masked"):
            if event.get("calls"):
                self.add("masked", item_of, Masked, event, pid, {"of_calls": "of"})
        for event in stream.of("optuna"):
            self.add("optuna", item_of, OptunaUse, event, pid, {})
        for event in stream.of("counters"):
            for name, value in event["v"].items() if isinstance(event.get("v"), dict) else ():
                if name in _OURS or len(self.counters) > 100:
                    continue
                self.count(str(name)[:40], self.number(value))

    def count(self, name: str, value: float) -> None:
        """Add a process's counter to those of all."""
        if is_peak(name):
            self.counters[name] = max(self.counters[name], value)  # type: ignore[assignment]
        else:
            self.counters[name] += value  # type: ignore[assignment]

    def number(self, value: object) -> float:
        """A number of an event, 0 where there is none; one that cannot be is counted."""
        known = number(value)
        self.senseless += known is None and value is not None
        return known or 0

    def assets(self, stream: Stream, exit_code: int | None) -> None:
        loads = [event for event in stream.events if event["e"] == "load"]
        ended_by = {number for event in stream.of("ended_by") for number in plain(event.get("loads"))}
        counters = stream.objects.get(("counters", 0), {}).get("v", {})
        done = sum(self.number(counters.get(name)) for name in _WORK)
        fine = max((event["n"] for event in loads if not event.get("error_type")), default=0)
        for event in loads:
            swallowed = False
            if event.get("error_type") and event.get("i") not in ended_by:
                went_on = fine > event["n"] or done > self.number(event.get("done"))
                swallowed = went_on or (stream.goodbye is not None and exit_code == 0)
            self.add("loads", item_of, Load, {**event, "swallowed": swallowed}, stream.pid, {})

    def calls(self, stream: Stream) -> None:
        pid = stream.pid
        for event in stream.events:
            match event["e"]:
                case "wandb":
                    self.add("wandb", item_of, WandbUse, event, pid, {})
                case "wandb_keys" | "wandb_summary" as name:
                    for key in plain(event.get("keys")):
                        self.add(name, text, key)
                case "written":
                    self.add("written", item_of, Written, event, pid, {})
                case "started":
                    self.add("started", item_of, Started, event, pid, {})
                case "contact":
                    self.add("contacts", item_of, Contact, event, pid, {})
                case "wandb_searched":
                    self.add("wandb_in_search", place_of, event.get("at"))
                case "cut_short":
                    self.add("shortened", item_of, Shortened, event, pid, {})
                case "not_a_number":
                    self.add("not_numbers", item_of, Printed, event, pid, {})
                case "cut":
                    self.cut.update(LISTS.intersection([event.get("list")]))
                    if event.get("list") == "started":
                        self.add("hiding", str, "more programs than the probe tells of")
                case "imported_evaluation":
                    self.add("imported_evaluation", place_of, event.get("at"))
        self._configuration(stream)
        self._sampled(stream)

    def _configuration(self, stream: Stream) -> None:
        resolved = [event["resolved"] for event in stream.of("config") if isinstance(event.get("resolved"), str)]
        reads = [str(event.get("key"))[:300] for event in stream.of("read")]
        whole = stream.of("read_whole")
        opened = [str(event.get("path"))[:300] for event in stream.of("opened")]
        if not (resolved or reads or whole):
            return
        places = [place_of(event.get("at")) for event in whole]
        self.add(
            "configurations",
            Configuration.model_validate,
            {
                "pid": stream.pid,
                "resolved": resolved[0] if resolved else "",
                "reads": sorted(set(reads)),
                "read_whole": list(dict.fromkeys(places)),
                "whole_keys": sorted({str(event.get("key", ""))[:300] for event in whole}),
                "opened": list(dict.fromkeys(opened)),
            },
        )

    def _sampled(self, stream: Stream) -> None:
        for name in dict.fromkeys(str(event.get("name")) for event in stream.of("sampled_written")):
            written = [event for event in stream.of("sampled_written") if event.get("name") == name]
            read = [event for event in stream.of("sampled_read") if event.get("name") == name]
            item = {
                "pid": stream.pid,
                "name": name,
                "written": [text(event.get("key")) for event in written][:20],
                "read": [text(event.get("key")) for event in read if event.get("same") is True][:20],
                "read_otherwise": [text(event.get("key")) for event in read if event.get("same") is False][:20],
                "place": place_of(written[0].get("at")),
            }
            self.add("sampled", Sampled.model_validate, item)
