"""`code_issue`: the findings as the numbered text that the reviewers' format has under this key."""

from __future__ import annotations

from collections.abc import Iterable

from runner.reports.findings import Group, behind, grouped, location, numbers
from runner.reports.text import last_lines, one_line
from runner.review import Finding
from runner.vocabulary import Severity

MAX_SHOWN = 100
"""Groups of findings listed; a repair that needs more starts from review.json."""
INCONCLUSIVE = "Inconclusive: "
"""How the text begins where no finding says why."""


def code_issue(findings: Iterable[Finding]) -> str:
    """All findings as numbered text, blocking first, each with file:line and evidence.

    "" where no finding is blocking: the text is empty for code that is ready, advisory findings or not.
    """
    groups = grouped(findings)
    if not any(group.finding.severity is Severity.BLOCKING for group in groups):
        return ""
    shown = numbers(groups)
    entries = [_entry(group, shown) for group in groups[:MAX_SHOWN]]
    if len(groups) > MAX_SHOWN:
        entries.append(f"… and {len(groups) - MAX_SHOWN} more findings in review.json.")
    return "\n\n".join(entries)


def _entry(group: Group, shown: dict[str, int]) -> str:
    finding = group.finding
    kind = finding.severity.value
    if group.undecided:
        kind += f", not the code's fault but of the {finding.blame.value}"
    place = location(finding) or f"{finding.stage.value} stage"
    lines = [f"{group.number}. [{kind}] {place}: {one_line(finding.message, 600)}"]
    about = [f"criterion {finding.criterion}", f"cause {finding.cause.value}"]
    if group.run_ids:
        about.append("run " + ", ".join(one_line(run_id, 120) for run_id in group.run_ids[:8]))
    before = behind(group, shown)
    if before:
        about.append("found behind " + ", ".join(str(number) for number in before))
    lines.append(f"   ({'; '.join(about)})")
    if finding.evidence.strip():
        evidence = last_lines(finding.evidence, lines=6, limit=500)
        lines.append("   Evidence:")
        lines += [f"     {line}" for line in evidence.split("\n")]
    return "\n".join(lines)
