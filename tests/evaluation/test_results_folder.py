"""The results directory that evaluation is given: folders as training leaves them, no files."""

from __future__ import annotations

from pathlib import Path

from runner.evidence import Evidence, FullFacts
from runner.stages.evaluate.results_folder import MAX_FOLDERS, folders_below, folders_left, make_folders
from runner.vocabulary import StageName, Status


def full(run_id: str, *folders: str, status: Status = Status.OK) -> Evidence:
    return Evidence(stage=StageName.FULL, run_id=run_id, status=status, facts=FullFacts(folders=list(folders)))


def test_folders_are_listed_and_links_are_not_followed(tmp_path: Path) -> None:
    results = tmp_path / "results"
    (results / "a" / "checkpoints").mkdir(parents=True)
    (results / "a" / "model.pt").write_text("x")
    (results / "out").symlink_to(tmp_path)
    (results / "odd\nname").mkdir()
    assert folders_below(results) == ["a", "a/checkpoints"]
    assert folders_below(tmp_path / "nothing") == []
    for number in range(MAX_FOLDERS + 50):
        (results / f"n{number}").mkdir()
    assert len(folders_below(results)) == MAX_FOLDERS


def test_only_a_run_that_did_not_come_to_its_end_is_given_a_folder_that_nobody_made() -> None:
    before = [full("a", "a/checkpoints"), full("b"), full("c", status=Status.FAILED)]
    assert folders_left(["a", "b", "c", "d"], before) == ["c", "d", "a/checkpoints"]


def test_folders_are_made_without_files(tmp_path: Path) -> None:
    make_folders(tmp_path / "evaluated", ["a/checkpoints", "a"])
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == [
        "evaluated",
        "evaluated/a",
        "evaluated/a/checkpoints",
    ]
