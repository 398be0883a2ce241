"""Every bundled case, reviewed by the command line in a real sandbox: its planted fault is found, and nothing else.

A case is reviewed as far as the stage that decides its fault, the clean one to the end; one whose criterion has no rule
in this version is not collected.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.checklist import load_checklist
from runner.conclude import BUILT
from runner.rules.base import all_rules
from runner.vocabulary import StageName
from tests.submission_cases import ROOT, Case, case_names, load_case

CASES = [load_case(ROOT / name) for name in case_names()]
DECIDABLE = [case for case in CASES if all(found.criterion in all_rules() for found in case.expect.findings)]
STAGES = list(StageName)


def last_stage(case: Case) -> StageName:
    """The stage behind which nothing more can show for this case."""
    if case.expect.stages:
        return max(case.expect.stages, key=STAGES.index)
    criteria = load_checklist().criteria
    decided = [criteria[found.criterion].decided for found in case.expect.findings] or [StageName.TRIAL]
    return min(max(decided, key=STAGES.index), BUILT[-1], key=STAGES.index)


def overrides(case: Case) -> list[str]:
    """Stages up to the last one; one run id where the case does not speak of them."""
    stages = [stage for stage in BUILT if STAGES.index(stage) <= STAGES.index(last_stage(case))]
    words = [f"stages=[{','.join(stages)}]", "backend.fallback=none", *case.expect.overrides]
    named = {found.run_id for found in case.expect.findings} - {None}
    if case.expect.findings and last_stage(case) is StageName.TRIAL and not named:
        words.append(f"runs=[{sorted(case.runs)[-1]}]")
    return words


@pytest.mark.slow
@pytest.mark.parametrize("case", DECIDABLE, ids=lambda case: case.name)
def test_case(case: Case, tmp_path: Path) -> None:
    document = tmp_path / "submission.json"
    document.write_text(json.dumps(case.document()), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "runner.cli", str(document), "--json", "-o", str(tmp_path / "review"), *overrides(case)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode in (0, 1, 3), done.stderr
    review = json.loads(done.stdout)
    told = [
        f"{f['criterion']} {f['cause']} {f['blame']} {f['file']}:{f['line']} {f['message']}" for f in review["findings"]
    ]
    for expected in case.expect.findings:
        wanted = expected.model_dump(exclude_none=True, mode="json")
        assert any(wanted.items() <= finding.items() for finding in review["findings"]), (wanted, told)
    allowed = {found.criterion for found in case.expect.findings} | set(case.expect.also)
    assert not {finding["criterion"] for finding in review["findings"]} - allowed, told
    assert review["verdict"] == case.expect.verdict, told
