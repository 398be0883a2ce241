"""The order of findings, their grouping, and what belongs to them."""

from examples import RUNS, SOURCES, cuda_traceback, finding, inconclusive, not_ready

from runner.reports.code_issue import MAX_SHOWN, code_issue
from runner.reports.excerpts import as_text, excerpt, source_line
from runner.reports.findings import behind, grouped, numbers, ordered, traceback_of
from runner.vocabulary import Blame, Severity, StageName


def test_causes_come_before_what_was_behind_them_and_advisory_ones_last() -> None:
    assert [found.id for found in ordered(not_ready().findings)] == ["f1", "f2", "f4", "f3", "f5-0", "f5-1"]


def test_what_is_not_the_codes_fault_comes_after_what_is() -> None:
    findings = [finding("a", blame=Blame.ASSETS), finding("b", stage=StageName.EVALUATE)]
    assert [found.id for found in ordered(findings)] == ["b", "a"]


def test_a_circle_of_findings_behind_each_other_ends() -> None:
    findings = [finding("a", behind=["b"]), finding("b", behind=["a", "a", "nobody"])]
    assert {found.id for found in ordered(findings)} == {"a", "b"}


def test_the_same_finding_of_two_run_ids_is_shown_once() -> None:
    groups = grouped(not_ready().findings)
    assert groups[-1].ids == ("f5-0", "f5-1")
    assert groups[-1].run_ids == tuple(RUNS)
    assert [group.number for group in groups] == [1, 2, 3, 4, 5]


def test_behind_gives_the_numbers_shown() -> None:
    groups = grouped(not_ready().findings)
    assert behind(groups[2], numbers(groups)) == [1, 2]


def test_a_traceback_belongs_to_the_finding_whose_line_it_passes() -> None:
    review = not_ready()
    by_id = {found.id: found for found in review.findings}
    assert traceback_of(review, by_id["f4"]) == cuda_traceback()
    assert traceback_of(review, by_id["f3"]) is None
    assert traceback_of(review, by_id["f1"]) is None


def test_an_excerpt_marks_the_line_and_says_nothing_of_lines_that_do_not_exist() -> None:
    lines = excerpt(SOURCES, "pyproject.toml", 6, around=1)
    assert as_text(lines) == '> 6 | [project.dependencies]\n  7 | torch = "^2.3"'
    assert source_line(SOURCES, "src/train.py", 13) == "loss.backward()"
    assert excerpt(SOURCES, "src/train.py", 9999) == []
    assert excerpt(SOURCES, "src/nowhere.py", 1) == []
    assert excerpt(SOURCES, None, None) == []


def test_code_issue_is_numbered_blocking_first_with_place_and_evidence() -> None:
    text = code_issue(not_ready().findings)
    entries = text.split("\n\n")
    assert entries[0].startswith("1. [blocking] pyproject.toml:6: ")
    assert "TOML parse error at line 6" in entries[0]
    assert "found behind 1, 2" in entries[2]
    assert entries[4].startswith("5. [advisory] src/train.py: ")
    assert RUNS[0] in entries[4]
    assert RUNS[1] in entries[4]


def test_code_issue_says_what_is_not_the_codes_fault() -> None:
    assert "[blocking, not the code's fault but of the assets]" in code_issue(inconclusive().findings)


def test_code_issue_is_empty_for_code_that_is_ready() -> None:
    assert code_issue([]) == ""
    assert code_issue([finding("a", severity=Severity.ADVISORY)]) == ""


def test_code_issue_stays_readable_with_more_findings_than_anyone_reads() -> None:
    text = code_issue(finding(f"f{number}", line=number + 1, file="a.py") for number in range(MAX_SHOWN + 20))
    assert text.endswith("… and 20 more findings in review.json.")


def test_code_issue_bounds_a_megabyte_of_evidence() -> None:
    assert len(code_issue([finding("a", evidence="x\n" * 500_000)])) < 1500


def test_lines_are_counted_as_python_counts_them() -> None:
    sources = {"a.py": "one\x0c\r\ntwo\u2028\rthree\n"}
    assert [source_line(sources, "a.py", line) for line in (1, 2, 3, 4)] == ["one\\x0c", "two\\u2028", "three", ""]
