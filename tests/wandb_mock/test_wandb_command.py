"""`sandbox-review wandb-mock`, as a person starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from runner.commands import wandb_mock

START = "import sys; from runner.commands.wandb_mock import run; sys.exit(run(sys.argv[1:]))"


@contextmanager
def started(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", START, *words], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_prints_its_url_and_what_to_set_and_serves_until_told_to_stop(tmp_path: Path) -> None:
    with started("--json", "--store", str(tmp_path / "runs.db"), "--log", str(tmp_path / "calls.jsonl")) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["environment"]["WANDB_BASE_URL"] == said["url"]
        assert len(said["environment"]["WANDB_API_KEY"]) == 40
        assert httpx.get(said["url"], trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert (tmp_path / "runs.db").exists()
    assert len((tmp_path / "calls.jsonl").read_text().splitlines()) == 1


def test_faults_can_be_asked_for() -> None:
    with started("--fault", "429:Viewer:1", "--fault", "500:file_stream") as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert process.stdout.readline().startswith("Use it with: export WANDB_BASE_URL=")
        body = {"query": "query Viewer { viewer { id } }"}
        found = [httpx.post(f"{url}/graphql", json=body, trust_env=False).status_code for _ in range(2)]
        assert found == [429, 200]


@pytest.mark.parametrize("word", ["shoes", "429:Viewer:often"])
def test_a_fault_that_does_not_exist_is_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        wandb_mock.run(["--fault", word])
    assert caught.value.code == 2
    assert word in capsys.readouterr().err


def test_a_file_that_is_no_store_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs.db").write_text("this is no database, and long enough that SQLite sees it" * 50)
    assert wandb_mock.run(["--store", str(tmp_path / "runs.db")]) == 2
    assert "not a store that can be used" in capsys.readouterr().err
