"""Findings in the order in which a reader needs them, the same finding of several run ids as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from runner.reports.text import one_line
from runner.review import Finding, Review, Traceback
from runner.vocabulary import Blame, Severity, StageName

_STAGES = {stage: index for index, stage in enumerate(StageName)}


@dataclass(frozen=True)
class Group:
    """One finding as shown: the first of those that differ in their run id alone."""

    number: int
    """Its place in the report, from 1; the same number in every report of a review."""
    finding: Finding
    ids: tuple[str, ...]
    run_ids: tuple[str, ...]
    """Empty where the finding holds for every run id."""

    @property
    def blocks(self) -> bool:
        """Whether it makes the submission not ready."""
        return self.finding.severity is Severity.BLOCKING and self.finding.blame is Blame.SUBMISSION

    @property
    def undecided(self) -> bool:
        """Whether someone else than the author has to act before the criterion can be decided."""
        return self.finding.blame is not Blame.SUBMISSION


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Blocking before advisory, the submission's before others', causes before what was behind them, then by stage."""
    findings = list(findings)
    depth = _depths(findings)
    return sorted(
        findings,
        key=lambda finding: (
            finding.severity is not Severity.BLOCKING,
            finding.blame is not Blame.SUBMISSION,
            depth[finding.id],
            _STAGES[finding.stage],
        ),
    )


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """`ordered`, and numbered; findings that say the same of several run ids are one group."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in ordered(findings):
        same = (finding.criterion, finding.severity, finding.blame, finding.stage)
        groups.setdefault((*same, finding.file, finding.line, finding.message), []).append(finding)
    return [
        Group(
            number=number,
            finding=members[0],
            ids=tuple(member.id for member in members),
            run_ids=()
            if any(member.run_id is None for member in members)
            else tuple(dict.fromkeys(member.run_id for member in members if member.run_id)),
        )
        for number, members in enumerate(groups.values(), start=1)
    ]


def numbers(groups: Sequence[Group]) -> dict[str, int]:
    """Finding id -> the number under which it is shown."""
    return {identifier: group.number for group in groups for identifier in group.ids}


def behind(group: Group, shown: dict[str, int]) -> list[int]:
    """Numbers of the findings that had to be stepped over before this one showed."""
    found = {shown[identifier] for identifier in group.finding.behind if identifier in shown}
    return sorted(found - {group.number})


def location(finding: Finding) -> str:
    """`file:line`, as far as known; "" where the finding has no file."""
    if finding.file is None:
        return ""
    return one_line(finding.file if finding.line is None else f"{finding.file}:{finding.line}", 200)


def traceback_of(review: Review, finding: Finding) -> Traceback | None:
    """The traceback of the attempt that showed this finding: of its stage and run id, passing through its line."""
    for stage in review.stages:
        if stage.traceback is None or stage.stage is not finding.stage:
            continue
        if finding.run_id is not None and stage.run_id not in (None, finding.run_id):
            continue
        if _shows(stage.traceback, finding):
            return stage.traceback
    return None


def _shows(traceback: Traceback, finding: Finding) -> bool:
    if finding.file is None:
        return bool(traceback.message) and traceback.message in finding.evidence
    places = {(frame.file, frame.line) for frame in traceback.frames if frame.in_submission}
    return (finding.file, finding.line) in places | {(traceback.file, traceback.line)}


def _depths(findings: list[Finding]) -> dict[str, int]:
    """How many walls a finding was behind: the longest chain of `behind`, of any shape (a cycle ends it)."""
    by_id = {finding.id: finding for finding in findings}
    depths: dict[str, int] = {}
    for finding in findings:
        level, depth, seen = [finding.id], 0, {finding.id}
        while level:
            level = [
                before
                for identifier in level
                for before in by_id[identifier].behind
                if before in by_id and before not in seen
            ]
            level = list(dict.fromkeys(level))
            seen.update(level)
            depth += bool(level)
        depths[finding.id] = depth
    return depths
