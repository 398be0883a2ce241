"""`make nightly-demo`, with real reviews, as far as reading the files goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.nightly.night import read_night

DEMO = Path(__file__).parent / "demo.py"


@pytest.mark.slow
def test_the_second_night_reports_exactly_the_regression(tmp_path: Path) -> None:
    command = [sys.executable, DEMO, tmp_path / "demo", "stages=[files]", "backend=process"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    night = read_night(tmp_path / "demo" / "second")
    (broken,) = [entry for entry in night.entries if entry.change == "new_failure"]
    assert broken.now.first_cause and broken.confirmation and broken.now.review
    assert broken.now.first_cause.file == "src/model.py"
    assert (tmp_path / "demo" / "second" / broken.now.review / "report.html").is_file()
    assert [canary.verdict for canary in night.canary] == ["ready", "ready"]
