"""Real wandb clients of several years against the mock.

One process per client does everything; the tests look at what it saw and at what the mock has. What they expect is
what the clients' documentation and code promise: no real server was at hand.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from wandb_clients import CLIENTS, Client, client_python

from sandbox.wandb_mock import Call, RunRecord, WandbServer
from sandbox.wandb_mock.api.run_changes import NO_SWEEPS

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(900)]

PROGRAM = Path(__file__).parent / "clients" / "everything.py"
SECONDS = 180.0
STEPS = 26
"""21 steps of numbers, 4 of media, and one more after the run was resumed."""


@dataclass(frozen=True)
class Seen:
    """What one client reported, and what the mock has."""

    results: dict[str, Any]
    runs: dict[str, RunRecord]
    calls: list[Call]
    problems: list[BaseException]

    def value(self, check: str) -> Any:
        assert "error" not in self.results[check], self.results[check]
        return self.results[check]["value"]

    def error(self, check: str) -> dict[str, Any]:
        assert "error" in self.results[check], self.results[check]
        found: dict[str, Any] = self.results[check]
        return found


@cache
def seen_by(client: Client) -> Seen:
    with tempfile.TemporaryDirectory(prefix="wandb-client-") as folder:
        work, result = Path(folder) / "work", Path(folder) / "result.json"
        work.mkdir()
        server = WandbServer(Path(folder) / "store.db", port=0, log=Path(folder) / "calls.jsonl")
        with server, (Path(folder) / "said").open("w+") as said:
            environment = {"PATH": os.environ["PATH"], "HOME": str(work), **server.environment()}
            command = [str(client_python(client)), str(PROGRAM), str(result)]
            process = subprocess.Popen(
                command, cwd=work, env=environment, stdout=said, stderr=said, start_new_session=True
            )
            try:
                status = process.wait(SECONDS)
            finally:
                # The client's own service process outlives a program that was killed.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            said.seek(0)
            assert status == 0, said.read()[-3000:]
        runs = {run.path: run for run in server.runs()}
        seen = Seen(json.loads(result.read_text()), runs, server.calls, server.problems)
        logged = (Path(folder) / "calls.jsonl").read_text().splitlines()
        assert len(logged) == len(seen.calls)
        server.close()
        return seen


@pytest.fixture(params=CLIENTS, ids=[client.name for client in CLIENTS])
def seen(request: pytest.FixtureRequest) -> Seen:
    return seen_by(request.param)


def test_the_mock_never_fails_and_misses_nothing_that_clients_ask(seen: Seen) -> None:
    assert seen.problems == []
    refused = {(call.operation, call.status, call.problem) for call in seen.calls if call.status >= 400}
    # A client that was refused to resume a run still wants to upload that run's console output.
    expected = {("CreateRunFiles", 404, "run team/demo/nobody not found"), ("UpsertSweep", 400, NO_SWEEPS)}
    assert refused <= expected


def test_a_run_is_stored_as_it_was_logged(seen: Seen) -> None:
    assert seen.value("main_run")["path"] == "team/demo/main"
    run = seen.runs["team/demo/main"]
    assert (run.mode, run.state, run.exit_code, run.name) == ("online", "finished", 0, "the main run")
    assert (run.group, run.job_type, run.tags) == ("pair", "train", ("first", "second"))
    assert run.config == {"lr": 0.2, "model": {"name": "tiny", "layers": [1, 2]}, "added": "later"}
    assert {"train/loss", "val/acc", "epoch", "nested.a", "nested.b.c", "image", "table"} <= set(run.metrics)
    assert [row["train/loss"] for row in run.history if "train/loss" in row][:3] == [1, 0.5, 1 / 3]
    assert run.summary["best"] == {"accuracy": 0.91}
    assert run.client == seen.results["version"]


def test_values_that_are_no_numbers_come_through(seen: Seen) -> None:
    run = seen.runs["team/demo/main"]
    odd = next(row for row in run.history if "bad" in row)
    assert (odd["bad"], odd["endless"], odd["word"], odd["flag"]) == ("NaN", "Infinity", "text", True)


def test_media_are_uploaded_with_their_history(seen: Seen) -> None:
    run = seen.runs["team/demo/main"]
    kinds = {row[key]["_type"] for row in run.history for key in row if isinstance(row[key], dict)}
    assert {"image-file", "histogram", "table-file", "plotly-file"} <= kinds
    assert any(name.endswith(".png") for name in run.files)
    assert any(name.startswith("media/table/") for name in run.files)


def test_the_summary_follows_define_metric(seen: Seen) -> None:
    assert seen.value("api_run")["summary"]["val/acc"] == {"max": 0.86}


def test_alerts_are_kept(seen: Seen) -> None:
    alert = seen.runs["team/demo/main"].alerts[0]
    assert (alert["title"], alert["text"], alert["severity"]) == ("look", "at this", "WARN")


def test_several_runs_of_one_process_end_each_with_its_code(seen: Seen) -> None:
    first, second = seen.runs["team/demo/several-1"], seen.runs["team/demo/several-2"]
    assert (first.group, second.group) == ("pair", "pair")
    assert (second.state, second.exit_code) == ("failed", 3)
    assert second.summary["score"] == 2


def test_a_run_is_resumed_where_it_ended(seen: Seen) -> None:
    assert seen.value("resume_must")["resumed"] is True
    assert seen.value("resume_must")["old"] == 0.5
    last = seen.runs["team/demo/main"].history[-1]
    assert (last["_step"], last["train/loss"]) == (STEPS - 1, 0.01)


def test_the_rules_of_resuming_are_kept(seen: Seen) -> None:
    for check in ("resume_must_missing", "resume_never_existing"):
        assert seen.value(check)["status"] == 1, seen.value(check)
        assert "Error" in seen.value(check)["said"]
    assert "team/demo/nobody" not in seen.runs


def test_an_id_used_again_without_resuming_begins_anew(seen: Seen) -> None:
    run = seen.runs["team/demo/several-1"]
    assert run.config == {"number": 100}
    assert run.summary["other"] == 7 and "score" not in run.summary


def test_disabled_runs_do_not_reach_the_server(seen: Seen) -> None:
    assert seen.value("disabled")
    assert not [call for call in seen.calls if call.run_id == "disabled"]


def test_an_offline_run_is_synced(seen: Seen) -> None:
    assert seen.value("offline_and_sync")["status"] == 0, seen.value("offline_and_sync")
    run = seen.runs["team/demo/offline"]
    assert (run.mode, run.state) == ("offline", "finished")
    assert [row["x"] for row in run.history] == [0, 1, 2]
    assert (run.summary["best"], run.config) == (2, {"away": True})


def test_programs_that_end_badly(seen: Seen) -> None:
    raised, killed = seen.runs["team/ends/raises"], seen.runs["team/ends/killed"]
    assert (raised.state, raised.exit_code) == ("failed", 1)
    assert [row["x"] for row in raised.history] == [0, 1, 2]
    # Most clients' service dies with a killed program; that of 0.17 may still end the run, half a minute later.
    assert killed.state in ("running", "finished")


def test_sweeps_are_refused_in_words(seen: Seen) -> None:
    assert "sweeps are not served" in seen.error("sweep")["error"]


def test_a_run_is_read_back(seen: Seen) -> None:
    run = seen.value("api_run")
    assert (run["state"], run["name"], run["id"]) == ("finished", "the main run", "main")
    assert run["config"] == seen.runs["team/demo/main"].config
    assert (run["tags"], run["group"], run["job_type"]) == (["first", "second"], "pair", "train")
    assert (run["notes"], run["accuracy"], run["best"]) == ("some notes", 0.5, {"accuracy": 0.91})
    assert run["url"].endswith("/team/demo/runs/main")
    assert (run["path"], run["last_step"]) == (["team", "demo", "main"], STEPS - 1)


def test_history_is_read_back(seen: Seen) -> None:
    history = seen.value("api_history")
    losses = [*(1 / (step + 1) for step in range(20)), 0.01]
    assert (history["type"], history["rows"], history["few"]) == ("DataFrame", STEPS, 5)
    assert {"_step", "_runtime", "_timestamp", "train/loss", "val/acc", "nested.b.c"} <= set(history["columns"])
    assert history["keys"] == {"columns": ["_step", "val/acc"], "rows": 4, "values": [0.86, 0.81, 0.76, 0.71]}
    assert len(history["plain"]) == 3 and set(history["plain"][0]) == {"_step", "train/loss"}
    assert all(math.isclose(*pair) for pair in zip(history["scan"], losses, strict=True))
    assert (history["scan_all"], history["scan_page"], history["absent"]) == (STEPS, STEPS, 0)


def test_runs_are_filtered_and_ordered(seen: Seen) -> None:
    runs = seen.value("api_runs")
    assert runs["all"] == ["main", "offline", "several-1", "several-2", "user"]
    assert (runs["oldest_first"], runs["newest_first"], runs["length"]) == ("main", "offline", 5)
    assert runs["by_config"] == runs["by_summary"] == runs["by_name"] == runs["by_tags"] == ["main"]
    assert runs["by_group"] == ["main", "several-1", "several-2"]
    assert (runs["by_state"], runs["by_or"], runs["by_metric"]) == (["several-2"], ["main", "several-2"], "main")
    assert runs["configs"] == ["100", "2", "None", "None", "None"]


def test_files_are_listed_and_downloaded(seen: Seen) -> None:
    files = seen.value("api_files")
    assert {"note.txt", "wandb-summary.json", "wandb-metadata.json", "config.yaml"} <= set(files["names"])
    assert (files["text"], files["size"], files["metadata"]) == ("a saved file\n", 13, True)


def test_artifacts_are_logged_used_and_found(seen: Seen) -> None:
    names = ["inner/note.txt", "more.json"]
    assert seen.value("use_artifact") == {"files": names, "text": "a saved file\n"}
    artifacts = seen.value("api_artifacts")
    assert artifacts["logged"] == [["weights:v0", "v0", ["best", "latest"], {"layers": 2}]]
    assert artifacts["one"] == ["weights:latest", "model", names, 19, "made by a test"]
    assert (artifacts["used"], artifacts["maker"], artifacts["files"]) == (["weights:v0"], "main", names)
    assert artifacts["versions"] == ["v0"]


def test_the_public_api_changes_runs(seen: Seen) -> None:
    assert seen.value("api_update") == {"judged": 1.5, "noted": "yes", "tags": ["seen"]}


def test_what_is_missing_raises_what_the_client_raises(seen: Seen) -> None:
    missing = seen.error("api_missing_run")
    assert "Could not find run <Run team/demo/nobody (not found)>" in missing["error"]
    assert "CommError" in missing["kinds"]
    assert "ValueError: Could not find project nothing" in seen.error("api_missing_project")["error"]
    assert {"CommError", "ValueError"} & set(seen.error("api_missing_artifact")["kinds"])
