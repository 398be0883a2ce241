"""Prints, per criterion, in how many bundled cases its fault was planted, found, missed, and accused elsewhere.

    python tests/confusion.py REVIEWS [CASE ...]

REVIEWS holds a folder per case with its review; what is not there yet is reviewed first, which takes a minute or two a
case. CASE: only these. Exit status 1 where a planted fault was missed or another criterion was accused.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from runner.checklist import load_checklist  # noqa: E402
from tests.case_reviews import problems, review  # noqa: E402
from tests.submission_cases import ROOT as CASES  # noqa: E402
from tests.submission_cases import Case, case_names, load_case  # noqa: E402

COLUMNS = ("planted", "found", "missed", "follows", "accused")
"""follows: reported beside another planted fault from which it follows; accused: reported where it must not be."""


def main(words: Sequence[str]) -> int:
    if not words or words[0].startswith("-"):
        print(__doc__)
        return 2
    folder, names = Path(words[0]), words[1:] or case_names()
    cases = [load_case(CASES / name) for name in names]
    reviews = {case.name: _review(case, folder / case.name) for case in cases}
    counts = confusion(cases, reviews)
    print(table(counts))
    wrong = {case.name: problems(case, reviews[case.name]) for case in cases}
    for name, lines in wrong.items():
        for line in lines:
            print(f"{name}: {line}")
    print(f"{sum(not lines for lines in wrong.values())} of {len(cases)} cases as expected")
    return int(any(wrong.values()))


def confusion(cases: Iterable[Case], reviews: Mapping[str, Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Criterion -> counts of cases by column."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in load_checklist().criteria}
    for case in cases:
        planted = {found.criterion for found in case.expect.findings}
        reported = {finding["criterion"] for finding in reviews[case.name]["findings"]}
        for criterion in planted:
            counts[criterion].update(["planted", "found" if criterion in reported else "missed"])
        for criterion in reported - planted:
            counts[criterion]["follows" if criterion in case.expect.also else "accused"] += 1
    return counts


def table(counts: Mapping[str, Counter[str]]) -> str:
    """One line a criterion that any case is about, and their sums."""
    named = {name: count for name, count in counts.items() if count}
    width = max(map(len, [*named, "criterion"]))
    lines = [" ".join(["criterion".ljust(width), *(f"{column:>8}" for column in COLUMNS)])]
    for name, count in [*named.items(), ("all", sum(named.values(), Counter()))]:
        lines.append(" ".join([name.ljust(width), *(f"{count[column]:>8}" for column in COLUMNS)]))
    return "\n".join(lines)


def _review(case: Case, folder: Path) -> Mapping[str, Any]:
    stored = folder / "review" / "review.json"
    if not stored.is_file():
        print(f"{case.name} …", file=sys.stderr, flush=True)
        return review(case, folder)
    found: dict[str, Any] = json.loads(stored.read_text("utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
