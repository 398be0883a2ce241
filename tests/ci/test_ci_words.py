"""What a platform is told: in its format, whatever the submission says."""

import json
import re
from pathlib import Path

import pytest

from runner.ci import github, night
from runner.ci.gitlab import code_quality
from runner.ci.places import Checkout, checkout
from tests.reports.examples import Build, hostile, inconclusive, many, not_ready
from tests.reports.night_examples import changed, hostile_night

ROOT = Checkout(".", None)


def test_annotations_are_one_line_each_with_level_place_and_title() -> None:
    lines = github.annotate(not_ready(), ROOT)
    assert lines[0].startswith(
        "::error file=pyproject.toml,line=6,title=implementation.installs (packaging)::`[project.dependencies]` is"
    )
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 4 + ["::warning"]


def test_what_is_not_the_codes_fault_is_a_notice() -> None:
    assert {line.split(" ")[0] for line in github.annotate(inconclusive(), ROOT)} == {"::notice"}


def test_hostile_text_sets_no_property_and_starts_no_command() -> None:
    for line in github.annotate(hostile(), ROOT):
        command = re.fullmatch(r"::(?:error|warning|notice) ([^:\r\n]*)::([^\r\n]*)", line)
        assert command is not None
        assert [part.split("=")[0] for part in command.group(1).split(",")] in (
            ["file", "line", "title"],
            ["file", "title"],
        )
    assert github.command("error", "100%\n::warning::x", title="a,b:c%") == (
        "::error title=a%2Cb%3Ac%25::100%25%0A::warning::x"
    )


def test_no_more_annotations_than_are_shown() -> None:
    lines = github.annotate(many(500), ROOT)
    assert len([line for line in lines if line.startswith("::error")]) == github.PER_LEVEL
    assert len([line for line in lines if line.startswith("::warning")]) == github.PER_LEVEL


def test_an_output_is_one_line_and_a_summary_is_no_longer_than_allowed(tmp_path: Path) -> None:
    github.append_outputs(tmp_path / "o", {"directory": "a\nverdict=ready", "status": 1})
    assert (tmp_path / "o").read_text() == "directory=a verdict=ready\nstatus=1\n"
    github.append_summary(tmp_path / "s", "é" * github.SUMMARY)
    assert github.SUMMARY - 4 < (tmp_path / "s").stat().st_size <= github.SUMMARY


@pytest.mark.parametrize("build", [not_ready, hostile, inconclusive, lambda: many(500)])
def test_code_quality_has_what_gitlab_asks_for_and_every_fingerprint_once(build: Build) -> None:
    entries = json.loads(code_quality(build(), ROOT))
    assert entries
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_a_submission_lies_in_a_checkout_as_a_folder_as_a_file_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "s.json").write_text("{}")
    assert checkout(str(tmp_path / "a" / "b"), tmp_path) == Checkout("a/b", None)
    assert checkout(f"{tmp_path}@1234abc", tmp_path) == Checkout(".", None)
    assert checkout(str(tmp_path / "s.json"), tmp_path) == Checkout(None, "s.json")
    assert checkout("/elsewhere", tmp_path) == Checkout(None, None)


def test_a_night_is_a_table_of_what_changed() -> None:
    text = night.summary(changed())
    rows = [line for line in text.split("\n") if line.startswith("| `")]
    assert rows[0].startswith("| `adaptive-warmup-qwen3` | new failure | ready → not ready | src/train.py:88 ")
    assert len(rows) == 6
    assert "ablation" not in text
    assert "sandbox-review nightly accept 48" in text
    assert all(
        row.replace("\\|", "").count("|") == 6 for row in night.summary(hostile_night()).split("\n") if row[:3] == "| `"
    )
