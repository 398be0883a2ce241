"""A night that is killed at any moment goes on where it was: nothing lost, nothing run twice that had finished."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from tests.nightly.simulated import write_corpus

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("after", [0, 1, 4, 9])
def test_killed_after_so_many_reviews(tmp_path: Path, after: int) -> None:
    names = [f"s{number}" for number in range(12)]
    write_corpus(tmp_path / "corpus", dict.fromkeys(names, "ready"), seconds=0.15)
    log = tmp_path / "log"
    process = start(tmp_path)
    wait_for(lambda: after == 0 or lines(log) >= after, process)
    if after == 0:
        wait_for(lambda: any(tmp_path.glob("nightly-*/reviews/*/*/submission.json")), process)
    process.kill()
    process.wait()
    finished = {path.parent.parent.name for path in tmp_path.glob("nightly-*/reviews/*/*/done.json")}
    process = start(tmp_path)
    night = json.loads(process.communicate(timeout=120)[0])
    assert process.returncode == 0
    assert night["number"] == 1
    assert [entry["submission"] for entry in night["entries"]] == sorted(names)
    assert {entry["now"]["verdict"] for entry in night["entries"]} == {"ready"}
    begun = Counter(path.parent.name for path in tmp_path.glob("nightly-*/reviews/*/first-*"))
    assert not [name for name in finished if begun[name] != 1]
    assert len(list(tmp_path.glob("nightly-*"))) == 1


def test_killed_between_the_end_of_a_review_and_its_record(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", {"a": "ready"}, seconds=0.1)
    write_corpus(tmp_path / "corpus", {"b": "ready"}, seconds=600)
    process = start(tmp_path)
    wait_for(lambda: lines(tmp_path / "log") >= 1, process)
    process.kill()
    process.wait()
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "nightly.db")) as database:
        database.executescript("DELETE FROM entries; DELETE FROM results;")
    write_corpus(tmp_path / "corpus", {"b": "ready"})
    process = start(tmp_path)
    night = json.loads(process.communicate(timeout=60)[0])
    assert [entry["submission"] for entry in night["entries"]] == ["a", "b"]
    assert night["entries"][0]["now"]["review"] == "reviews/a/first-1/review"
    assert (tmp_path / "log").read_text().split() == ["a", "b"]


@pytest.mark.parametrize("step", ["NightFolder.write", "Store.end"])
def test_killed_at_the_very_end_the_report_is_still_written(tmp_path: Path, step: str) -> None:
    write_corpus(tmp_path / "corpus", {"a": "ready", "b": "ready"})
    assert killed_in(tmp_path, step, "-o", "night") == -signal.SIGKILL
    process = start(tmp_path, "-o", "night")
    night = json.loads(process.communicate(timeout=60)[0])
    assert (process.returncode, night["number"], night["status"]) == (0, 1, "finished")
    assert json.loads((tmp_path / "night" / "night.json").read_text()) == night
    assert (tmp_path / "night" / "index.html").is_file()
    assert (tmp_path / "log").read_text().split() == ["a", "b"]


def test_killed_while_a_reused_result_is_contradicted(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", {"a": "not_ready:x ready"})
    start(tmp_path).communicate(timeout=60)
    (tmp_path / "corpus" / "a.expect.yaml").write_text("verdict: ready\n")
    assert killed_in(tmp_path, "NightRun._close", "reuse=true") == -signal.SIGKILL
    process = start(tmp_path, "reuse=true")
    (entry,) = json.loads(process.communicate(timeout=60)[0])["entries"]
    assert (entry["change"], entry["now"]["verdict"], entry["reused"]) == ("flaky", "not_ready", True)
    assert entry["confirmation"]["verdict"] == "ready"
    assert lines(tmp_path / "log") == 2


def test_killed_again_and_again(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(10)]
    write_corpus(tmp_path / "corpus", dict.fromkeys(names, "ready"), seconds=0.05)
    log = tmp_path / "log"
    for wanted in range(1, 10, 2):
        process = start(tmp_path)
        wait_for(lambda wanted=wanted: lines(log) >= wanted, process)
        process.kill()
        process.wait()
    process = start(tmp_path)
    night = json.loads(process.communicate(timeout=120)[0])
    assert len(night["entries"]) == len(names)
    done = Counter(path.parent.parent.name for path in tmp_path.glob("nightly-*/reviews/*/*/done.json"))
    assert done == dict.fromkeys(names, 1)


def test_ctrl_c_keeps_what_finished(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", {"a": "ready"})
    write_corpus(tmp_path / "corpus", {"b": "ready"}, seconds=600)
    process = start(tmp_path)
    wait_for(lambda: lines(tmp_path / "log") >= 1, process)
    process.send_signal(signal.SIGINT)
    night = json.loads(process.communicate(timeout=60)[0])
    assert (process.returncode, night["status"]) == (3, "running")
    assert [entry["submission"] for entry in night["entries"]] == ["a"]


def test_two_at_once_do_not_write_in_one_night(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus", {"a": "ready"}, seconds=600)
    first = start(tmp_path)
    wait_for(lambda: any(tmp_path.glob("nightly-*/reviews/a/first-1/submission.json")), first)
    second = start(tmp_path)
    _, said = second.communicate(timeout=60)
    first.kill()
    first.wait()
    assert second.returncode == 3
    assert "another nightly is writing there" in said


@pytest.mark.slow
def test_a_real_review_ends_with_its_night_and_begins_anew(tmp_path: Path) -> None:
    files = {f"src/{name}.py": "x = 1\n" for name in ("train", "evaluate", "preprocess", "model", "main")}
    files |= {"src/main.py": "import time\ntime.sleep(600)\n", "config/config.yaml": "a: 1\n"}
    files["pyproject.toml"] = '[project]\nname = "small"\nversion = "1"\n'
    given = {"files": files, "experiment_runs": [{"run_id": "a", "run_config": "run_id: a\n"}]}
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "sleeper.json").write_text(json.dumps(given))
    words = ["backend=process", "stages=[environment,trial]", "device=none", f"cache_dir={tmp_path / 'cache'}"]
    process = start(tmp_path, *words, module="runner.cli", first=("nightly",))
    wait_for(lambda: any(tmp_path.glob("nightly-*/reviews/sleeper/first-1/review/stages/4-trial-a")), process)
    reviews = psutil.Process(process.pid).children(recursive=True)
    assert reviews
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(reviews, timeout=60)
    assert not alive
    assert not list(tmp_path.glob("nightly-*/reviews/*/*/done.json"))  # that it was ended is no verdict
    words.append("limits.wall_seconds=5")
    process = start(tmp_path, *words, module="runner.cli", first=("nightly",))
    night = json.loads(process.communicate(timeout=300)[0])
    assert night["entries"][0]["now"]["verdict"] in ("not_ready", "inconclusive")
    assert night["entries"][0]["now"]["review"]


def killed_in(folder: Path, step: str, *words: str) -> int:
    """A night over `folder`/corpus that is killed where it would take this step; returns its status."""
    name, method = step.split(".")
    code = (
        "import os, signal, sys; from tests.nightly import simulated; from runner.nightly.folder import NightFolder\n"
        "from runner.nightly.schedule import NightRun; from runner.nightly.store import Store\n"
        f"{name}.{method} = lambda *given: os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.exit(simulated.main())"
    )
    given = [sys.executable, "-c", code, "corpus", "--json", "nightly.canary=none", *words]
    return subprocess.run(given, cwd=folder, env=environment(folder), capture_output=True, check=False).returncode


def environment(folder: Path) -> dict[str, str]:
    state, log = str(folder / "state"), str(folder / "log")
    return {**os.environ, "PYTHONPATH": str(ROOT), "SANDBOX_REVIEW_STATE": state, "SIMULATED_LOG": log}


def start(
    folder: Path, *words: str, module: str = "tests.nightly.simulated", first: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """A night over `folder`/corpus in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *first, "corpus", "--json", "nightly.canary=none", *words],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def lines(log: Path) -> int:
    return len(log.read_text().split()) if log.is_file() else 0


def wait_for(condition, process: subprocess.Popen[str], seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < give_up
        time.sleep(0.01)
