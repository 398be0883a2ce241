"""What a review does with the store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from wandb_http import Caller

from sandbox.wandb_mock import MadeUpRun, WandbServer, reviewing
from sandbox.wandb_mock.store import Store
from sandbox.wandb_mock.telemetry import client_version, was_offline

MADE = MadeUpRun(
    entity="team",
    project="demo",
    id="made",
    history=[{"loss": 1.0, "acc": 0.1}, {"loss": 0.5}, {"loss": 0.4, "acc": 0.3}],
    config={"run": {"run_id": "made"}, "lr": 0.1},
    summary={"note": "by hand"},
)
HISTORY = (
    'query H { project(name: "demo", entityName: "team") { run(name: "%s") { state config summaryMetrics '
    "history(samples: 10) historyKeys } } }"
)


def test_a_made_up_run_is_read_back_like_a_logged_one(server: WandbServer, caller: Caller) -> None:
    record = server.add_run(MADE)
    assert (record.mode, record.state, record.path) == ("made-up", "finished", "team/demo/made")
    assert record.metrics == ("loss", "acc")
    assert {"loss": 0.4, "acc": 0.3, "note": "by hand", "_step": 2}.items() <= record.summary.items()
    run = caller.data(HISTORY % "made")["project"]["run"]
    rows = [json.loads(row) for row in run["history"]]
    assert [(row["_step"], row["loss"]) for row in rows] == [(0, 1.0), (1, 0.5), (2, 0.4)]
    assert all({"_runtime", "_timestamp"} <= set(row) for row in rows)
    assert run["historyKeys"]["lastStep"] == 2
    assert json.loads(run["config"])["lr"]["value"] == 0.1


def test_a_made_up_run_replaces_the_one_of_its_path(server: WandbServer) -> None:
    server.add_run(MADE)
    server.add_run(MadeUpRun("team", "demo", "made", history=[{"loss": 9.0}]))
    (record,) = server.runs()
    assert [row["loss"] for row in record.history] == [9.0]


def test_a_copy_ends_at_the_new_numbers(server: WandbServer) -> None:
    source = server.add_run(MADE)
    copy = server.copy_run(source, "copy", {"acc": 0.95, "extra": 1})
    assert (copy.summary["acc"], copy.summary["extra"], copy.summary["loss"]) == (0.95, 1, 0.4)
    assert [row["acc"] for row in copy.history if "acc" in row] == [pytest.approx(0.75), 0.95]
    assert copy.config == source.config
    assert source.summary["acc"] == 0.3
    assert [run.id for run in server.runs()] == ["made", "copy"]


def test_a_copy_may_keep_its_id_in_another_project(server: WandbServer) -> None:
    source = server.add_run(MADE)
    copy = server.copy_run(source, "made", {"acc": 0.0}, project="variant")
    assert copy.path == "team/variant/made"
    assert {run.path for run in server.runs()} == {"team/demo/made", "team/variant/made"}


def test_open_runs_are_ended_when_the_sandbox_is_gone(server: WandbServer, caller: Caller) -> None:
    caller.begin()
    server.add_run(MADE)
    assert [run.state for run in server.end_open_runs()] == ["crashed"]
    assert {run.id: run.state for run in server.runs()} == {"one": "crashed", "made": "finished"}
    assert server.end_open_runs() == []


def test_a_run_is_taken_over_from_another_store_with_its_files(server: WandbServer, tmp_path: Path) -> None:
    other = Store(tmp_path / "other.db")
    source = reviewing.add_run(other, MADE)
    number = other.runs.get("team", "demo", "made").id
    other.runs.update(number, state="crashed")
    other.files.put_run_file(number, "media/a.txt", 7, [b"con", b"tent"])
    taken = reviewing.take_over(server.store, other, source)
    other.close()
    assert (taken.path, taken.state, taken.files) == ("team/demo/made", "finished", ("media/a.txt",))
    assert (taken.history, taken.config, taken.summary) == (source.history, source.config, source.summary)


def test_what_is_read_of_a_run_is_on_record(server: WandbServer, caller: Caller) -> None:
    server.add_run(MADE)
    caller.data(HISTORY % "made")
    asked = (
        'query S { project(name: "demo", entityName: "team") { run(name: "made") { sampledHistory(specs: [%s]) } } }'
    )
    caller.data(asked % json.dumps(json.dumps({"keys": ["loss", "acc"], "samples": 5})))
    first, second = [call.reads for call in server.calls if call.reads]
    assert set(first["made"]) == {"config", "summary", "history"}
    assert second == {"made": {"history": ["loss", "acc"]}}


def test_runs_can_be_listed_after_the_server_has_stopped(server: WandbServer) -> None:
    server.add_run(MADE)
    server.__exit__(None, None, None)
    assert [run.id for run in server.runs()] == ["made"]


@pytest.mark.parametrize(
    ("config", "offline", "version"),
    [
        ("{}", False, ""),
        ('{"_wandb": {"value": {"t": {"3": [1, 4], "5": "0.31.0"}}}}', True, "0.31.0"),
        ('{"_wandb": {"value": {"t": {"3": [1, 23]}}}}', False, ""),
        ('{"_wandb": 7}', False, ""),
        ('{"_wandb": {"value": {"t": [4]}}}', False, ""),
    ],
)
def test_what_clients_say_of_themselves(config: str, offline: bool, version: str) -> None:
    assert (was_offline(config), client_version(config)) == (offline, version)
