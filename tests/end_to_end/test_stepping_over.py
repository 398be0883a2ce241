"""Two blockers, one behind the other: both are told in one review, and the patch gets past what was stepped over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.submission_cases import ROOT, load_case


def review(path: Path, output: Path, *words: str) -> dict[str, Any]:
    """One review of one run id by the command line."""
    command = [
        sys.executable,
        "-m",
        "runner.cli",
        str(path),
        "--json",
        "-o",
        str(output),
        "backend.fallback=none",
        *words,
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.slow
def test_the_patch_of_a_review_applies_and_gets_past(tmp_path: Path) -> None:
    case = load_case(ROOT / "packaging-then-struct")
    copy = case.write_directory(tmp_path / "copy")
    run_id = sorted(case.runs)[-1]
    words = (f"runs=['{run_id}']", f"env.resolved_as_of='{case.expect.created_at}'")
    first = review(copy, tmp_path / "first", *words)
    packaging, struct = first["findings"][:2]
    assert (packaging["cause"], struct["cause"]) == ("packaging", "hydra-config")
    assert struct["behind"] == [packaging["id"]]
    assert [step["kind"] for step in first["repairs"]] == ["dependency-table", "struct-lock"]
    assert first["repairs"][1]["over"] == [struct["id"]]
    patch = tmp_path / "first" / "repairs.patch"
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    subprocess.run(["git", "apply", str(patch)], cwd=copy, check=True)
    second = review(copy, tmp_path / "second", *words)
    told = [finding["message"] for finding in second["findings"]]
    assert not second["repairs"] and second["verdict"] == "ready", told
    assert [stage["exit_code"] for stage in second["stages"] if stage["stage"] == "trial"] == [0]
