"""The key of a result: what was run, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runner.nightly.key import Key, key_of, program_digest, surroundings
from runner.settings import load_settings
from runner.submissions import Submission, load
from sandbox.backends import open_sandbox
from tests.nightly.simulated import AROUND, submission


@pytest.fixture
def given(tmp_path: Path) -> Submission:
    (tmp_path / "one.json").write_text(submission("ready"))
    return load(str(tmp_path / "one.json"))


def key(given: Submission, *words: str, **around: str) -> Key:
    return key_of(given, load_settings(words), AROUND.model_copy(update=around))


def test_a_name_and_a_form_are_no_part_of_it(given: Submission, tmp_path: Path) -> None:
    document = json.loads(submission("ready"))
    (tmp_path / "two.json").write_text(json.dumps({**document, "submission_id": "another"}, indent=7))
    assert key(load(str(tmp_path / "two.json"))) == key(given)
    assert key(given, "cache_dir=/elsewhere") == key(given)


@pytest.mark.parametrize(
    ("words", "around", "part"),
    [
        (["limits.memory_mb=4096"], {}, "settings"),
        (["budget.epochs=2"], {}, "settings"),
        (["limits.stop_over_budget=5"], {}, "settings"),
        (["severity.wandb_entity_project=advisory"], {}, "settings"),
        (["runs=[a]"], {}, "settings"),
        ([], {"program": "q"}, "program"),
        ([], {"image": "j"}, "image"),
        ([], {"assets": "b"}, "assets"),
        ([], {"environment": "f"}, "environment"),
        ([], {"day": "2026-01-02"}, "environment"),
    ],
)
def test_what_a_verdict_depends_on_changes_it(
    given: Submission, words: list[str], around: dict[str, str], part: str
) -> None:
    before, now = key(given), key(given, *words, **around)
    assert now.digest != before.digest
    changed = [name for name in Key.model_fields if getattr(now, name) != getattr(before, name)]
    assert changed == [part]


def test_the_day_matters_only_where_packages_or_assets_are_todays(given: Submission) -> None:
    dated = "env.resolved_as_of=2025-11-20"
    assert key(given, dated, day="2026-01-02") == key(given, dated)
    assert key(given, dated, "assets=live", day="2026-01-02") != key(given, dated, "assets=live")


def test_an_edited_file_is_another_submission(tmp_path: Path, given: Submission) -> None:
    (tmp_path / "edited.json").write_text(submission("ready", 1.0))
    other = key(load(str(tmp_path / "edited.json")))
    assert other.submission != key(given).submission
    assert other.digest != key(given).digest


def test_this_machines_surroundings_are_stable() -> None:
    settings, backend = load_settings(["backend=process"]), open_sandbox("process")
    first = surroundings(settings, backend)
    assert first == surroundings(settings, backend)
    assert len({*first.model_dump().values()}) == 5
    assert first.program == program_digest()


def test_wheels_and_real_assets_are_told_by_what_lies_there(tmp_path: Path) -> None:
    backend = open_sandbox("process")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "b" / "x-1-py3-none-any.whl").write_bytes(b"x")
    wheels = [surroundings(load_settings([f"env.find_links={tmp_path / name}"]), backend) for name in ("a", "b")]
    assert wheels[0].environment != wheels[1].environment
