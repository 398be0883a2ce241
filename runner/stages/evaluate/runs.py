"""Fills a W&B store with a run for every run id: as full mode logged it, copied or made up; and with variants."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from runner.comparison import kind_of
from runner.evaluation_facts import RunServed
from runner.evidence import ComposeFacts, Evidence, FilesFacts
from runner.metric_names import Names
from runner.source_text import yaml_mapping
from runner.stages.evaluate import numbers
from runner.submissions.model import Submission
from runner.vocabulary import StageName, Status
from sandbox.wandb_mock import MadeUpRun, RunRecord
from sandbox.wandb_mock.reviewing import add_run, list_runs, take_over
from sandbox.wandb_mock.store import Store

STORE = "wandb.db"
"""The store of an attempt, in its folder."""
DEFAULT_PROJECT = "uncategorized"


@dataclass(frozen=True)
class Planned:
    """A run as it is put into a store."""

    made: MadeUpRun
    origin: Literal["logged", "copied", "made-up"]
    source: Path | None = None
    """The store that holds it, where a full attempt logged it."""
    record: RunRecord | None = None


def plan_runs(
    submission: Submission, before: Sequence[Evidence], directory: Path, names: Names, entity: str
) -> list[Planned]:
    """One run for each of the submission's run ids; `before` are the deciding attempts of earlier stages."""
    where = _place(before, entity)
    logged: dict[str, Planned] = {}
    for evidence in before:
        # Only what ran to its (cut) end has logged all that it logs.
        if evidence.stage is StageName.FULL and evidence.status is Status.OK and evidence.run_id:
            found = _logged(evidence, directory / evidence.directory / STORE)
            if found is not None:
                logged[evidence.run_id] = found
    example = next(iter(logged.values()), None)
    planned = []
    for place, run_id in enumerate(submission.run_ids):
        if run_id in logged and logged[run_id].made.id == run_id:
            planned.append(logged[run_id])
        else:
            config = _config(submission, before, run_id)
            wins = kind_of(run_id, config) != "baseline"
            source = logged.get(run_id) or example
            planned.append(_made(run_id, where, config, names, before, source, place, wins, run_id in logged))
    return planned


def variants(planned: Sequence[Planned], baseline_wins: bool) -> list[Planned]:
    """The runs with other numbers, by which the baselines or the proposed runs are better; and with more rows."""
    scales = numbers.scales_of((run.made.history, run.made.summary) for run in planned)
    changed = []
    for place, run in enumerate(planned):
        made = run.made
        wins = (kind_of(made.id, made.config) == "baseline") == baseline_wins
        history, summary = numbers.changed(made.history, made.summary, place, wins, scales)
        changed.append(
            Planned(
                MadeUpRun(made.entity, made.project, made.id, history, made.config, summary, made.name),
                run.origin,
            )
        )
    return changed


def fill(path: Path, planned: Sequence[Planned]) -> list[RunServed]:
    """Write the runs into the store at `path`; returns what is in it."""
    store = Store(path)
    with contextlib.closing(store):
        served = []
        for run in planned:
            if run.source is not None and run.record is not None:
                with contextlib.closing(Store(run.source)) as other:
                    record = take_over(store, other, run.record)
            else:
                record = add_run(store, run.made)
            served.append(
                RunServed(
                    run_id=run.made.id,
                    origin=run.origin,
                    history=list(record.metrics)[:500],
                    summary=[key for key in record.summary if not key.startswith("_")][:500],
                    not_numbers=_not_numbers(record),
                )
            )
        return served


def _not_numbers(record: RunRecord) -> list[str]:
    found = (name for row in (*record.history, record.summary) for name, value in row.items() if _no_number(value))
    return list(dict.fromkeys(found))[:100]


def _no_number(value: Any) -> bool:
    return value in ("NaN", "Infinity", "-Infinity") or (isinstance(value, float) and not math.isfinite(value))


def _logged(evidence: Evidence, path: Path) -> Planned | None:
    """The run that a full attempt logged: the one of its run id, else the only one there is."""
    if not path.is_file():
        return None
    with contextlib.closing(Store(path)) as store:
        records = list_runs(store)
    same = [record for record in records if record.id == evidence.run_id]
    if not same and len(records) != 1:
        return None
    record = (same or records)[0]
    if not record.metrics and not [key for key in record.summary if not key.startswith("_")]:
        return None
    made = MadeUpRun(
        record.entity, record.project, record.id, record.history, record.config, _own(record.summary), record.name
    )
    return Planned(made, "logged", path, record)


def _made(
    run_id: str,
    where: tuple[str, str],
    config: Mapping[str, Any],
    names: Names,
    before: Sequence[Evidence],
    source: Planned | None,
    place: int,
    wins: bool,
    own: bool,
) -> Planned:
    """A run that nobody logged under this id: another's rows with other numbers, else names as far as known."""
    if source is not None:
        of = source.made
        scales = numbers.scales_of([(of.history, of.summary)])
        history, summary = (
            (of.history, of.summary) if own else numbers.changed(of.history, of.summary, place, wins, scales)
        )
        # Configured as its own run is: what evaluation reads there is not the other's.
        made = MadeUpRun(of.entity, of.project, run_id, history, {**of.config, **config}, summary, run_id)
        return Planned(made, "copied")
    seen = [facts for e in before if (facts := getattr(e.facts, "probe", None)) is not None]
    logged = dict.fromkeys([*names.logged, *(key for facts in seen for key in facts.wandb_keys)])
    finals = dict.fromkeys([*names.summary, *(key for facts in seen for key in facts.wandb_summary)])
    rows, summary = numbers.made_up(logged, finals, place, wins)
    return Planned(MadeUpRun(*where, run_id, rows, config, summary, run_id), "made-up")


def _place(before: Sequence[Evidence], entity: str) -> tuple[str, str]:
    """Entity and project that the configuration names."""
    facts = next((e.facts for e in before if isinstance(e.facts, FilesFacts)), None)
    named = facts.wandb if facts is not None else {}
    return named.get("entity") or entity, named.get("project") or DEFAULT_PROJECT


def _config(submission: Submission, before: Sequence[Evidence], run_id: str) -> dict[str, Any]:
    """The run's configuration: as Hydra composed it, and its own file, which the code may merge into that."""
    compose = next((e.facts for e in before if isinstance(e.facts, ComposeFacts)), None)
    texts = [c.config for c in compose.compositions if c.run_id == run_id and c.ok] if compose else []
    texts += [run.run_config for run in submission.runs if run.run_id == run_id]
    config: dict[str, Any] = {"run_id": run_id}
    for text in texts:
        with contextlib.suppress(ValueError, RecursionError):
            plain = json.loads(json.dumps(yaml_mapping(text), default=str, skipkeys=True))
            config |= {key: value for key, value in plain.items() if key != "hydra"}
    return config


def _own(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if not key.startswith("_")}
