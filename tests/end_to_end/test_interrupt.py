"""An interrupted review leaves what it had gathered, and nothing running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

SLEEPER = (
    "import time, subprocess, sys\nsubprocess.Popen(['sleep', '{mark}'], start_new_session=True)\ntime.sleep(600)\n"
)


def test_ctrl_c_in_a_trial(tmp_path: Path) -> None:
    mark = f"600.{uuid.uuid4().int % 10**9}"  # found again by its command line
    files = {f"src/{name}.py": "x = 1\n" for name in ("train", "evaluate", "preprocess", "model")}
    files |= {
        "src/main.py": SLEEPER.format(mark=mark),
        "pyproject.toml": '[project]\nname = "small"\nversion = "1"\n',
        "config/config.yaml": "wandb: {entity: e, project: p}\n",
    }
    given = {"files": files, "experiment_runs": [{"run_id": "a", "run_config": "run_id: a\n"}]}
    (tmp_path / "submission.json").write_text(json.dumps(given))
    review = tmp_path / "review"
    process = subprocess.Popen(
        [sys.executable, "-m", "runner.cli", "submission.json", "-o", str(review), "stages=[environment,trial]"],
        cwd=tmp_path,
        env={**os.environ, "SANDBOX_REVIEW_CACHE": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    wait_for(lambda: running(mark), process)
    process.send_signal(signal.SIGINT)
    shown, _ = process.communicate(timeout=60)
    assert process.returncode == 3, shown
    written = json.loads((review / "review.json").read_text())
    assert written["verdict"] == "inconclusive"
    assert [(stage["stage"], stage["status"]) for stage in written["stages"]] == [
        ("environment", "ok"),
        ("trial", "skipped"),
    ]
    wait_for(lambda: not running(mark), None)
    assert not list((tmp_path / "cache" / "scratch").iterdir())


def running(mark: str) -> bool:
    return any(mark in (found.info["cmdline"] or ()) for found in psutil.process_iter(["cmdline"]))


def wait_for(condition, process: subprocess.Popen[str] | None, seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < give_up
        time.sleep(0.1)
