from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from sandbox.wandb_mock.filters import matches, ordered
from sandbox.wandb_mock.refusal import RefusedError
from sandbox.wandb_mock.store.rows import Run

NOW = 1000.0
CONFIG = {"lr": {"value": 0.1}, "model": {"value": {"name": "tiny", "size": 3}}, "a.b": {"value": 1}}
RUN = Run(
    id=1,
    project_id=1,
    entity="team",
    project="demo",
    name="one",
    display_name="brisk-dawn-1",
    description=None,
    notes="some",
    state="finished",
    config=json.dumps(CONFIG),
    summary=json.dumps({"loss": 0.5, "best": {"acc": 0.9}, "bad": "NaN"}),
    tags='["first"]',
    group_name="pair",
    job_type=None,
    commit_hash=None,
    repo=None,
    host=None,
    program=None,
    exit_code=0,
    created_at=NOW,
    heartbeat_at=NOW,
    stopped=0,
    made_up=0,
)


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({}, True),
        ({"config.lr": 0.1}, True),
        ({"config.lr.value": 0.1}, True),
        ({"config.model.name": "tiny"}, True),
        ({"config.model.value.name": "tiny"}, True),
        ({"config.a.b": 1}, True),
        ({"config.absent": None}, True),
        ({"config.absent": {"$exists": False}}, True),
        ({"summary_metrics.loss": {"$lt": 0.6, "$gte": 0.5}}, True),
        ({"summary_metrics.best.acc": {"$gt": 0.9}}, False),
        ({"summary_metrics.bad": {"$gt": 0}}, False),
        ({"state": {"$in": ["running", "finished"]}}, True),
        ({"state": {"$nin": ["finished"]}}, False),
        ({"state": {"$ne": "finished"}}, False),
        ({"tags": "first"}, True),
        ({"tags": {"$in": ["second"]}}, False),
        ({"display_name": {"$regex": "^brisk"}}, True),
        ({"displayName": {"$regex": "^BRISK", "$options": "i"}}, True),
        ({"$or": [{"group": "other"}, {"name": "one"}]}, True),
        ({"$and": [{"group": "other"}, {"name": "one"}]}, False),
        ({"$nor": [{"group": "other"}]}, True),
        ({"$not": {"group": "pair"}}, False),
        ({"created_at": {"$gt": "1970-01-01"}}, True),
        ({"jobType": None}, True),
    ],
)
def test_filters(query: dict[str, Any], fits: bool) -> None:
    assert matches(RUN, query, NOW) is fits


@pytest.mark.parametrize("query", [[], {"shoes": 1}, {"$xor": []}, {"state": {"$near": 1}}, {"name": {"$regex": "("}}])
def test_filters_that_the_server_does_not_know(query: Any) -> None:
    with pytest.raises(RefusedError) as caught:
        matches(RUN, query, NOW)
    assert caught.value.status == 400


def test_a_pattern_that_would_run_for_ages_is_refused() -> None:
    run = replace(RUN, display_name="a" * 60 + "!")
    began = time.monotonic()
    with pytest.raises(RefusedError):
        matches(run, {"display_name": {"$regex": "(a|a)*(a|a)*(a|a)*c|(a+)+$"}}, NOW)
    assert time.monotonic() - began < 2


def test_order_and_runs_that_lack_the_key() -> None:
    runs = [
        replace(RUN, name=name, created_at=at, summary=json.dumps(summary))
        for name, at, summary in [("a", 1, {"x": 2}), ("b", 2, {}), ("c", 3, {"x": 1}), ("d", 4, {"x": 1})]
    ]

    def names(order: str | None) -> str:
        return "".join(run.name for run in ordered(runs, order, NOW))

    assert names(None) == names("-created_at") == "dcba"
    assert names("+created_at") == names("created_at") == "abcd"
    assert names("+summary_metrics.x") == "cdab"
    assert names("-summary_metrics.x,-created_at") == "adcb"
