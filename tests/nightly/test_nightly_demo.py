"""`make nightly-demo`, with real reviews, as far as reading the files goes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner.nightly.night import read_night
from tests.backends import missing
from tests.reports.chromium import launched, program, visit

DEMO = Path(__file__).parent / "demo.py"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the second night, in which one submission was broken."""
    folder = tmp_path_factory.mktemp("nights") / "demo"
    command = [sys.executable, DEMO, folder, "stages=[files]", "backend=process"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "second"


def test_the_second_night_reports_exactly_the_regression(second: Path) -> None:
    night = read_night(second)
    (broken,) = [entry for entry in night.entries if entry.change == "new_failure"]
    assert broken.now.first_cause and broken.confirmation and broken.now.review
    assert broken.now.first_cause.file == "src/model.py"
    assert (second / broken.now.review / "report.html").is_file()
    assert [canary.verdict for canary in night.canary] == ["ready", "ready"]


@pytest.mark.chromium
def test_its_page_leads_to_the_report_of_the_broken_submission(second: Path) -> None:
    path = program()
    if path is None:
        missing("chromium", "no chromium on the PATH")
    with launched(path) as browser, visit(browser, second / "index.html") as seen:
        assert "1 regression" in seen.page.locator("h1").inner_text()
        rows = seen.page.locator("tbody tr")
        assert rows.count() == 4
        assert rows.first.get_attribute("data-change") == "new_failure"
        assert "src/model.py" in rows.first.inner_text()
        assert (seen.requests, seen.complaints) == ([], [])
        rows.first.locator("th a").click()
        seen.page.wait_for_url("**/report.html")
        assert "blocking finding" in seen.page.locator("h1").inner_text()
        assert seen.complaints == []
