"""The checklist as data: criteria, their sections and severities, read from checklist.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from runner.vocabulary import Severity, StageName


@dataclass(frozen=True)
class Criterion:
    """One thing a run can decide."""

    name: str
    section: int
    decided: StageName
    """The stage whose evidence decides it."""
    severity: Severity
    fails_when: str


@dataclass(frozen=True)
class Checklist:
    """All criteria, in the order of the file."""

    sections: Mapping[int, str]
    criteria: Mapping[str, Criterion]

    def with_severities(self, overrides: Mapping[str, Severity]) -> Checklist:
        """The same checklist with other severities. Raises KeyError for a criterion that does not exist."""
        criteria = dict(self.criteria)
        for name, severity in overrides.items():
            old = criteria[name]
            criteria[name] = Criterion(old.name, old.section, old.decided, severity, old.fails_when)
        return Checklist(self.sections, criteria)


@cache
def load_checklist() -> Checklist:
    """The checklist that ships with the program."""
    data = yaml.safe_load((resources.files("runner") / "checklist.yaml").read_text(encoding="utf-8"))
    criteria = {
        name: Criterion(
            name=name,
            section=entry["section"],
            decided=StageName(entry["decided"]),
            severity=Severity.BLOCKING if entry["blocking"] else Severity.ADVISORY,
            fails_when=entry["fails_when"],
        )
        for name, entry in data["criteria"].items()
    }
    return Checklist(sections=data["sections"], criteria=criteria)
