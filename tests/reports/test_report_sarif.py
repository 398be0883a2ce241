"""review.sarif: findings at their lines."""

import json
from typing import Any

import jsonschema
import pytest
from examples import SOURCES, Build, empty, hostile, inconclusive, many, not_ready, ready
from sarif_schema import SARIF

from runner.checklist import load_checklist
from runner.ci.github import sarif_of_checkout
from runner.ci.places import Checkout
from runner.reports import sarif
from runner.review import Review


def run(review: Review, sources: dict[str, str] = SOURCES) -> dict[str, Any]:
    document = json.loads(sarif.render(review, sources))
    assert document["version"] == "2.1.0"
    assert document["$schema"].endswith("sarif-2.1.0.json")
    return document["runs"][0]


@pytest.mark.parametrize("build", [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)])
def test_every_result_names_a_rule_a_place_and_a_fingerprint_of_its_own(build: Build) -> None:
    written = run(build())
    rules = written["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    fingerprints = []
    for result in written["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uriBaseId"] in written["originalUriBaseIds"]
        assert not set(place["artifactLocation"]["uri"]) & set(' <>"\\^`{|}\x1b')
        fingerprints.append(result["partialFingerprints"]["primaryLocationLineHash"])
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.parametrize("build", [not_ready, ready, inconclusive, empty, hostile, lambda: many(500)])
def test_it_is_what_the_standard_demands_in_the_review_and_in_a_checkout(build: Build) -> None:
    text = sarif.render(build(), SOURCES)
    jsonschema.validate(json.loads(text), SARIF)
    for checkout in (Checkout("a b", None), Checkout(".", None), Checkout(None, "s.json"), Checkout(None, None)):
        jsonschema.validate(json.loads(sarif_of_checkout(text, checkout)), SARIF)


def test_paths_of_a_checkout_are_escaped_as_addresses() -> None:
    text = sarif_of_checkout(sarif.render(not_ready(), SOURCES), Checkout("a b", None))
    assert '"uri": "a%20b/pyproject.toml"' in text


def test_rules_are_the_criteria_with_the_names_of_their_sections() -> None:
    rules = run(empty())["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(load_checklist().criteria)
    assert rules[0]["properties"] == {"section": 1, "tags": ["Complete implementation"]}


def test_levels_follow_severity_and_blame() -> None:
    assert [result["level"] for result in run(not_ready())["results"]] == ["error"] * 4 + ["warning"]
    assert [result["level"] for result in run(inconclusive())["results"]] == ["note"]


def test_a_region_carries_the_line_and_its_text() -> None:
    places = [result["locations"][0]["physicalLocation"] for result in run(not_ready())["results"]]
    assert places[0]["artifactLocation"]["uri"] == "pyproject.toml"
    assert places[0]["region"] == {"startLine": 6, "snippet": {"text": "[project.dependencies]"}}
    assert "region" not in places[4]


def test_a_fingerprint_survives_lines_added_above() -> None:
    review = not_ready()
    moved = [
        found.model_copy(update={"line": found.line + 2}) if found.file == "src/main.py" else found
        for found in review.findings
    ]
    sources = {**SOURCES, "src/main.py": "# new\n# lines\n" + SOURCES["src/main.py"]}
    before, after = run(review), run(review.model_copy(update={"findings": moved}), sources)
    assert [r["partialFingerprints"] for r in before["results"]] == [r["partialFingerprints"] for r in after["results"]]


def test_a_criterion_that_the_checklist_no_longer_has_is_still_a_rule() -> None:
    review = not_ready()
    found = review.findings[0].model_copy(update={"criterion": "gone.criterion"})
    written = run(review.model_copy(update={"findings": [found]}))
    assert written["results"][0]["ruleId"] == "gone.criterion"
    assert written["tool"]["driver"]["rules"][-1]["id"] == "gone.criterion"


def test_exit_code_and_success_follow_the_verdict() -> None:
    assert run(not_ready())["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    assert run(inconclusive())["invocations"] == [{"executionSuccessful": False, "exitCode": 3}]
