"""GitLab: findings as a code quality report, which a merge request shows at its lines.

Format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

from runner.ci.places import Checkout
from runner.reports.findings import Group, grouped
from runner.reports.text import one_line
from runner.review import Review
from runner.vocabulary import Severity


def code_quality(review: Review, checkout: Checkout) -> str:
    """The findings that have a place in the repository, as JSON text."""
    seen: Counter[str] = Counter()
    entries = [_entry(group, checkout, seen) for group in grouped(review.findings) if checkout.place(group).file]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _entry(group: Group, checkout: Checkout, seen: Counter[str]) -> dict[str, Any]:
    finding, place = group.finding, checkout.place(group)
    said = one_line(finding.message, 600)
    identity = hashlib.sha256("\0".join([finding.criterion, place.file or "", said]).encode("utf-8", "replace"))
    seen[identity.hexdigest()] += 1
    return {
        "description": f"{checkout.headed(group)}: {said}",
        "check_name": finding.criterion,
        # Without the line: it stays the same finding when lines above it move.
        "fingerprint": hashlib.sha256(f"{identity.hexdigest()} {seen[identity.hexdigest()]}".encode()).hexdigest(),
        "severity": _severity(group),
        "location": {"path": place.file, "lines": {"begin": place.line or 1}},
    }


def _severity(group: Group) -> str:
    if group.undecided:
        return "info"
    return "blocker" if group.finding.severity is Severity.BLOCKING else "minor"
