"""Real transcripts, where they lie beside the checkout (they are not part of this repository)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from runner.submissions import load, to_json
from runner.submissions.slots import SLOT_OF_PATH

_BESIDE = Path(__file__).parents[2].parent / "shared" / "seeds"
SEEDS = sorted(Path(os.environ.get("SANDBOX_REVIEW_SEEDS") or _BESIDE).glob("*.txt"))


@pytest.mark.skipif(not SEEDS, reason="no transcripts beside the checkout; SANDBOX_REVIEW_SEEDS names their folder")
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem[:3])
def test_a_real_transcript_is_understood(seed: Path, tmp_path: Path) -> None:
    submission = load(str(seed))
    assert set(submission.files) == set(SLOT_OF_PATH)
    assert submission.run_config_dir == "config/runs"
    assert len(submission.runs) == 2
    for run in submission.runs:
        assert yaml.safe_load(run.run_config)["run_id"] == run.run_id
        assert run.method_name and run.dataset_name
    assert "is_code_ready" in submission.instructions
    assert submission.hypothesis is not None and submission.hypothesis.expected_result
    assert submission.review is not None and submission.review.is_code_ready is False
    assert len(submission.review.code_issue) > 1000
    exported = tmp_path / "submission.json"
    exported.write_text(to_json(submission), encoding="utf-8")
    assert load(str(exported)) == submission.model_copy(update={"source": str(exported)})
