"""junit.xml: who failed, in the form that CI systems read."""

from xml.etree import ElementTree

import pytest
from examples import RUNS, Build, empty, hostile, inconclusive, not_ready, ready

from runner.reports import junit
from runner.review import Review
from runner.vocabulary import CriterionOutcome

REQUIRED = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"}


def suites(review: Review) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(junit.render(review)))


def case(suite: ElementTree.Element, criterion: str) -> ElementTree.Element:
    return next(element for element in suite.iter("testcase") if element.get("name") == criterion)


@pytest.mark.parametrize("build", [not_ready, ready, inconclusive, empty, hostile])
def test_elements_and_attributes_stand_as_the_schema_wants_them(build: Build) -> None:
    for suite in suites(build()):
        names = [element.tag for element in suite]
        assert names[0] == "properties"
        assert names[-2:] == ["system-out", "system-err"]
        assert set(names[1:-2]) <= {"testcase"}
        assert set(suite.keys()) == REQUIRED | {"skipped"}
        assert suite.get("hostname")
        cases = list(suite.iter("testcase"))
        assert int(suite.attrib["tests"]) == len(cases)
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(suite.attrib[attribute]) == sum(element.find(tag) is not None for element in cases)
        for element in cases:
            assert set(element.keys()) == {"name", "classname", "time"}
            assert len(element) <= 1
            assert all(child.get("type") for child in element if child.tag in ("failure", "error"))


def test_there_is_one_suite_per_run_id() -> None:
    assert [suite.get("name") for suite in suites(not_ready())] == RUNS


def test_a_blocking_finding_of_the_submission_is_a_failure_in_its_run_alone() -> None:
    comparative, proposed = suites(not_ready())
    failure = case(proposed, "model.builds").find("failure")
    assert failure is not None
    assert failure.get("type") == "device"
    assert failure.attrib["message"].startswith("src/train.py:11: ")
    assert "Torch not compiled with CUDA enabled" in (failure.text or "")
    assert case(comparative, "model.builds").find("failure") is None


def test_a_run_that_was_not_seen_through_does_not_pass_what_failed_elsewhere() -> None:
    comparative, _ = suites(not_ready())
    assert case(comparative, "model.builds").find("skipped") is not None


def test_what_holds_for_every_run_id_fails_in_every_suite() -> None:
    assert all(case(suite, "implementation.installs").find("failure") is not None for suite in suites(not_ready()))


def test_what_is_not_the_codes_fault_is_an_error() -> None:
    comparative, proposed = suites(inconclusive())
    assert case(proposed, "model.builds").find("error") is not None
    assert case(proposed, "evaluate.runs").find("error") is not None
    assert all(int(suite.attrib["failures"]) == 0 for suite in (comparative, proposed))


def test_an_advisory_finding_fails_nothing_and_is_told() -> None:
    for suite in suites(ready()):
        assert int(suite.attrib["failures"]) == int(suite.attrib["errors"]) == 0
        assert "~/.cache/huggingface" in suite.findtext("system-out", "")


def test_what_was_not_exercised_is_skipped_with_its_reason() -> None:
    skipped = case(suites(not_ready())[0], "evaluate.gap").find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "not exercised: the evaluate stage did not end well"


def test_a_failed_criterion_without_a_finding_still_fails() -> None:
    review = ready()
    items = [item.model_copy(update={"outcome": CriterionOutcome.FAIL, "why": "said so"}) for item in review.checklist]
    for suite in suites(review.model_copy(update={"checklist": items, "findings": []})):
        failure = case(suite, "hydra.composes").find("failure")
        assert failure is not None
        assert failure.attrib["message"] == "said so"
