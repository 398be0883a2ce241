"""Reviews the cases of `tests/submissions` by the command line, as far as the stage that decides their fault."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.checklist import load_checklist
from runner.conclude import BUILT
from runner.rules.base import all_rules
from runner.vocabulary import CriterionOutcome, StageName
from tests.submission_cases import ROOT, Case, case_names, load_case

STAGES = list(StageName)
STEPPED_OVER = {
    "no-config-name", "dependencies-as-table", "struct-locked-merge", "packaging-then-struct",
    "config-name-then-dataset",
}  # fmt: skip
"""Cases that are reviewed with repairs as well: behind their one fault there must be nothing."""


def last_stage(case: Case) -> StageName:
    """The stage behind which nothing more can show for this case."""
    if case.expect.stages:
        return max(case.expect.stages, key=STAGES.index)
    criteria = load_checklist().criteria
    decided = [criteria[found.criterion].decided for found in case.expect.findings]
    if not decided:
        return BUILT[-1] if case.expect.base is None else StageName.TRIAL
    return min(max(decided, key=STAGES.index), BUILT[-1], key=STAGES.index)


def decidable() -> list[Case]:
    """The cases whose criteria have rules in this version."""
    cases = [load_case(ROOT / name) for name in case_names()]
    return [case for case in cases if all(found.criterion in all_rules() for found in case.expect.findings)]


def shows_in_the_trial_alone(case: Case) -> bool:
    """Whether compose adds nothing to a case's faults; to go without it saves a third of the time."""
    criteria = load_checklist().criteria
    names = [*(found.criterion for found in case.expect.findings), *case.expect.also]
    planted = bool(case.expect.findings) and not case.expect.stages and case.name not in STEPPED_OVER
    return planted and all(criteria[name].decided is StageName.TRIAL for name in names)


def shows_in_full_alone(case: Case) -> bool:
    """Whether a case is about full mode; its trial would add nothing."""
    return case.expect.stages == (StageName.FULL,)


def shows_in_evaluation_alone(case: Case) -> bool:
    """Whether a case is about the evaluation script alone; its trial would add nothing."""
    return case.expect.stages == (StageName.EVALUATE,)


def overrides(case: Case) -> list[str]:
    """Stages up to the last one; one run id where the case does not speak of them."""
    stages = [stage for stage in BUILT if STAGES.index(stage) <= STAGES.index(last_stage(case))]
    if shows_in_the_trial_alone(case):
        stages.remove(StageName.COMPOSE)
    if shows_in_full_alone(case):
        stages = [StageName.FILES, StageName.ENVIRONMENT, StageName.FULL]
    if shows_in_evaluation_alone(case):
        stages.remove(StageName.TRIAL)
    words = [f"stages=[{','.join(stages)}]", "backend.fallback=none", *case.expect.overrides]
    if case.name not in STEPPED_OVER:
        words.append("repairs=off")
    named = {found.run_id for found in case.expect.findings} - {None}
    compares = any(found.criterion == "model.methods_differ" for found in case.expect.findings)
    planted = case.expect.findings and last_stage(case) is StageName.TRIAL and not named and not compares
    if planted or shows_in_full_alone(case):
        words.append(f"runs=[{sorted(case.runs)[-1]}]")
    return words


def review(case: Case, folder: Path, words: Sequence[str] = ()) -> dict[str, Any]:
    """Review a case; `folder` gets its submission.json and the review. Raises RuntimeError where there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    document = folder / "submission.json"
    document.write_text(json.dumps(case.document()), encoding="utf-8")
    command = [sys.executable, "-m", "runner.cli", str(document), "--json", "-o", str(folder / "review")]
    done = subprocess.run([*command, *overrides(case), *words], capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"{case.name}: {done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def problems(case: Case, found: Mapping[str, Any]) -> list[str]:
    """What is wrong with a review: a fault not found, another accused, a criterion not passed, another verdict."""
    findings = found["findings"]
    wrong = []
    for expected in case.expect.findings:
        wanted = expected.model_dump(exclude_none=True, mode="json")
        if not any(wanted.items() <= finding.items() for finding in findings):
            wrong.append(f"not found: {wanted}")
    allowed = {expected.criterion for expected in case.expect.findings} | set(case.expect.also)
    wrong += [f"accused: {told(finding)}" for finding in findings if finding["criterion"] not in allowed]
    wrong += [f"not passed: {line}" for line in _not_passed(case, found)]
    if found["verdict"] != case.expect.verdict:
        wrong.append(f"verdict {found['verdict']}, not {case.expect.verdict}; found: {list(map(told, findings))}")
    return wrong


def must_pass(case: Case) -> dict[str, CriterionOutcome]:
    """Criterion -> the outcome that the case demands of it."""
    named = case.expect.passes
    criteria = load_checklist().criteria.values()
    wanted = [criterion.name for criterion in criteria if criterion.name in named or criterion.section in named]
    none = case.expect.not_applicable
    return {name: CriterionOutcome.NOT_APPLICABLE if name in none else CriterionOutcome.PASS for name in wanted}


def _not_passed(case: Case, found: Mapping[str, Any]) -> list[str]:
    items = {item["criterion"]: item for item in found.get("checklist", ())}
    lines = []
    for name, wanted in must_pass(case).items():
        item = items.get(name, {"outcome": "nothing", "why": "it is not in the checklist"})
        if item["outcome"] != wanted:
            lines.append(f"{name} is {item['outcome']}, not {wanted}: {item['why']}")
    return lines


def told(finding: dict[str, Any]) -> str:
    place = f"{finding['file']}:{finding['line']}"
    return f"{finding['criterion']} {finding['cause']} {finding['blame']} {place} {finding['message']}"
