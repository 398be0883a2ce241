"""junit.xml: one test suite per run id, one test case per criterion.

The form is the stricter of the two schemas in use, the Ant task's: `properties` first, `system-out` and `system-err`
last, one child at most per test case. What it accepts, the Jenkins plug-in's accepts too.

An advisory finding fails no test case, as it fails no review; it stands in the suite's `system-out`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree

from runner.checklist import load_checklist
from runner.reports.findings import location
from runner.reports.outcomes import Cell, Outcome, outcomes
from runner.reports.text import clip, one_line, plain
from runner.review import Finding, Review

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDS = {
    Cell.FAIL: "failure",
    Cell.INCONCLUSIVE: "error",
    Cell.NOT_EXERCISED: "skipped",
    Cell.NOT_APPLICABLE: "skipped",
}


def render(review: Review) -> str:
    """The review as JUnit XML."""
    root = ElementTree.Element("testsuites")
    for index, (run_id, cases) in enumerate(outcomes(review).items()):
        root.append(_suite(review, run_id, cases, index))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(review: Review, run_id: str | None, cases: list[Outcome], index: int) -> ElementTree.Element:
    ends = [_ENDS.get(case.cell) for case in cases]
    # The schema wants a time of day. A review has none, so that judging again gives the same file.
    created = review.submission.created_at or _EPOCH
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": one_line(run_id or review.submission.id, 200) or "submission",
            "package": one_line(review.submission.id, 200) or "submission",
            "id": str(index),
            "timestamp": (created.astimezone(UTC) if created.tzinfo else created).strftime("%Y-%m-%dT%H:%M:%S"),
            "hostname": "localhost",
            "tests": str(len(cases)),
            "failures": str(ends.count("failure")),
            "errors": str(ends.count("error")),
            "skipped": str(ends.count("skipped")),
            "time": f"{_run_seconds(review, run_id):.3f}",
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (
        ("verdict", review.verdict.value),
        ("submission_digest", review.submission.digest),
        ("tool_version", review.tool_version),
        ("backend", review.environment.backend),
    ):
        ElementTree.SubElement(properties, "property", {"name": name, "value": plain(value)})
    suite.extend(_case(case) for case in cases)
    advisory = [_describe(finding) for case in cases if case.cell is Cell.ADVISORY for finding in case.findings]
    ElementTree.SubElement(suite, "system-out").text = clip("\n\n".join(advisory), 100_000)
    ElementTree.SubElement(suite, "system-err")
    return suite


def _case(outcome: Outcome) -> ElementTree.Element:
    section = load_checklist().sections.get(outcome.item.section, "")
    case = ElementTree.Element(
        "testcase",
        {"name": plain(outcome.item.criterion), "classname": f"{outcome.item.section} {section}".strip(), "time": "0"},
    )
    end = _ENDS.get(outcome.cell)
    if end is None:
        return case
    child = ElementTree.SubElement(case, end)
    if end == "skipped":
        reason = outcome.cell.value.replace("_", " ")
        child.set("message", f"{reason}: {one_line(outcome.item.why, 300)}" if outcome.item.why else reason)
        return case
    if not outcome.findings:
        child.set("message", one_line(outcome.item.why, 500))
        child.set("type", "unclear")
        return case
    first = outcome.findings[0]
    child.set("message", ": ".join(filter(None, [location(first), one_line(first.message, 500)])))
    child.set("type", first.cause.value)
    child.text = clip("\n\n".join(_describe(finding) for finding in outcome.findings[:50]), 20_000)
    return case


def _describe(finding: Finding) -> str:
    place = location(finding) or f"{finding.stage.value} stage"
    head = f"{place}: {one_line(finding.message, 600)} [{finding.criterion}, {finding.confidence.value}]"
    return f"{head}\n{clip(finding.evidence, 4_000)}".rstrip()


def _run_seconds(review: Review, run_id: str | None) -> float:
    """What the stages of this run id took; stages without a run id count once, with the first suite's run."""
    shared_with_first = run_id is None or review.submission.run_ids[:1] == [run_id]
    return sum(
        stage.wall_seconds
        for stage in review.stages
        if stage.run_id == run_id or (stage.run_id is None and shared_with_first)
    )
