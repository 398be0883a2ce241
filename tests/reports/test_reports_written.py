"""What every report of every kind of review has in common."""

import json
from pathlib import Path

import jsonschema
import pytest
from examples import SOURCES, Build, empty, hostile, inconclusive, many, not_ready, ready

from runner.reports import json_report, write_reports
from runner.review import Review, review_schema

NAMES = ["review.json", "junit.xml", "review.sarif", "summary.md", "report.html"]
REVIEWS: list[Build] = [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)]


@pytest.mark.parametrize("build", REVIEWS)
def test_all_reports_are_written_and_nothing_else_is_left(build: Build, tmp_path: Path) -> None:
    paths = write_reports(build(), tmp_path / "new" / "folder", SOURCES)
    assert list(paths) == NAMES
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(NAMES)
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in paths.values())


@pytest.mark.parametrize("build", REVIEWS)
def test_the_same_review_gives_the_same_bytes(build: Build, tmp_path: Path) -> None:
    first, second = (write_reports(build(), tmp_path / name, SOURCES) for name in ("one", "two"))
    assert [path.read_bytes() for path in first.values()] == [path.read_bytes() for path in second.values()]


@pytest.mark.parametrize("build", REVIEWS)
def test_review_json_is_valid_against_the_published_schema(build: Build) -> None:
    document = json.loads(json_report.render(build()))
    jsonschema.Draft202012Validator(review_schema()).validate(document)


def test_review_json_can_be_read_back() -> None:
    assert Review.model_validate_json(json_report.render(not_ready())) == not_ready()


def test_review_json_leaves_out_counters_that_json_cannot_hold() -> None:
    stage = json.loads(json_report.render(hostile()))["stages"][0]
    assert stage["counters"] == {"fine": 1.0}


@pytest.mark.parametrize("name", NAMES[1:])
def test_no_report_carries_what_a_terminal_or_a_parser_obeys(name: str, tmp_path: Path) -> None:
    text = write_reports(hostile(), tmp_path, SOURCES)[name].read_text(encoding="utf-8")
    assert not set(text) & {"\x1b", "\x00", "\x08", "\x0b", "\r", "\ufffe", "\u202e", "\u2066"}


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_megabyte_of_evidence_does_not_make_a_megabyte_of_report(name: str, tmp_path: Path) -> None:
    assert write_reports(hostile(), tmp_path, SOURCES)[name].stat().st_size < 200_000


def test_a_report_that_cannot_be_written_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "review.json").mkdir()
    with pytest.raises(OSError):
        write_reports(ready(), tmp_path, SOURCES)
    assert [path.name for path in tmp_path.iterdir()] == ["review.json"]


def test_sources_that_are_not_valid_unicode_are_no_obstacle(tmp_path: Path) -> None:
    write_reports(not_ready(), tmp_path, {"src/train.py": "\ud800\n" * 20})


def test_the_json_carries_the_summary_so_that_one_answer_is_enough_to_repair_by(tmp_path: Path) -> None:
    paths = write_reports(not_ready(), tmp_path, SOURCES)
    assert json.loads(paths["review.json"].read_text())["summary"] == paths["summary.md"].read_text()
