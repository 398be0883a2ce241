"""review.sarif: the findings that have a file, as SARIF 2.1.0 for code-scanning views."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runner.checklist import load_checklist
from runner.reports.excerpts import source_line
from runner.reports.findings import Group, grouped
from runner.reports.text import clip, last_lines, one_line, plain
from runner.review import Review
from runner.vocabulary import Severity, Verdict

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.BLOCKING: "error", Severity.ADVISORY: "warning"}


def render(review: Review, sources: Mapping[str, str]) -> str:
    """The review as SARIF text; every criterion is a rule, every finding with a file a result."""
    groups = grouped(review.findings)
    rules = _rules({group.finding.criterion: group.finding.section for group in groups})
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "sandbox-review", "version": plain(review.tool_version), "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": review.verdict is not Verdict.INCONCLUSIVE,
                "exitCode": review.verdict.exit_status,
            }
        ],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The submission's repository root."}}},
        "results": [_result(group, index, sources, seen) for group in groups if group.finding.file],
        "properties": {
            "verdict": review.verdict.value,
            "submission": plain(review.submission.id),
            "digest": plain(review.submission.digest),
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rules(used: Mapping[str, int]) -> list[dict[str, Any]]:
    known = [
        {
            "id": criterion.name,
            "shortDescription": {"text": criterion.name},
            "fullDescription": {"text": f"Fails when {criterion.fails_when}."},
            "defaultConfiguration": {"level": _LEVELS[criterion.severity]},
            "properties": _rule_properties(criterion.section),
        }
        for criterion in load_checklist().criteria.values()
    ]
    # A review judged by an older checklist may name criteria that this one has dropped.
    dropped = [
        {"id": plain(name), "shortDescription": {"text": plain(name)}, "properties": _rule_properties(section)}
        for name, section in sorted(used.items())
        if name not in load_checklist().criteria
    ]
    return known + dropped


def _rule_properties(section: int) -> dict[str, Any]:
    return {"section": section, "tags": [load_checklist().sections.get(section, f"Section {section}")]}


def _result(group: Group, index: Mapping[str, int], sources: Mapping[str, str], seen: Counter[str]) -> dict[str, Any]:
    finding = group.finding
    text = one_line(finding.message, 800)
    if finding.evidence.strip():
        text += "\n" + last_lines(finding.evidence, lines=4, limit=400)
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": quote(_encodable(finding.file or "")), "uriBaseId": "SRCROOT"}
    }
    line = source_line(sources, finding.file, finding.line)
    if finding.line is not None:
        physical["region"] = {"startLine": finding.line} | ({"snippet": {"text": line}} if line else {})
    return {
        "ruleId": plain(finding.criterion),
        "ruleIndex": index[plain(finding.criterion)],
        # Not a fault of the code, so never an error or a warning on its lines.
        "level": "note" if group.undecided else _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"primaryLocationLineHash": _fingerprint(group, line, seen)},
        "properties": {
            "cause": finding.cause.value,
            "blame": finding.blame.value,
            "confidence": finding.confidence.value,
            "stage": finding.stage.value,
            "runIds": [clip(run_id, 200) for run_id in group.run_ids],
            "findingIds": [plain(identifier) for identifier in group.ids],
        },
    }


def _fingerprint(group: Group, line: str, seen: Counter[str]) -> str:
    """Stays the same when lines above move: the criterion, the file and the line's text, then a running number."""
    finding = group.finding
    parts = (finding.criterion, finding.file or "", line or one_line(finding.message, 200))
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    seen[digest] += 1
    return f"{digest}:{seen[digest]}"


def _encodable(path: str) -> str:
    return path.encode("utf-8", "replace").decode()
