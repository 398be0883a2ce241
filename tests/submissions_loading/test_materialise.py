"""Writing a submission to disk: exactly its files, nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.submissions import Run, Submission, load


def files_below(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_bytes().decode() for path in root.rglob("*") if path.is_file()}


def test_the_files_of_the_repository_come_back(repository: Path, tmp_path: Path) -> None:
    load(str(repository)).materialise(tmp_path / "new" / "workspace")
    assert files_below(tmp_path / "new" / "workspace") == files_below(repository)


def test_modes_do_not_depend_on_the_source(repository: Path, tmp_path: Path) -> None:
    (repository / "src/main.py").chmod(0o4777)
    before = os.umask(0o022)
    try:
        load(str(repository)).materialise(tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out/src/main.py").stat().st_mode & 0o7777 == 0o644
    assert (tmp_path / "out/src").stat().st_mode & 0o7777 == 0o755


def test_only_a_fresh_directory_is_written_to(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    with pytest.raises(FileExistsError, match="fresh directory"):
        load(str(repository)).materialise(tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_a_link_is_no_directory_to_write_to(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        load(str(repository)).materialise(tmp_path / "out")
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("path", ["../up.py", "/abs.py", "a/../../up.py", ".git/config"])
def test_paths_are_checked_again_when_written(tmp_path: Path, path: str) -> None:
    submission = Submission(
        id="x", source="x", files={"src/main.py": "", path: "x"}, runs=(Run(run_id="a", run_config=""),)
    )
    with pytest.raises(ValueError, match="repository|absolute|\\.git"):
        submission.materialise(tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "up.py").exists() and not (tmp_path / "in").exists()


def test_a_run_id_is_checked_again_when_written(tmp_path: Path) -> None:
    submission = Submission(id="x", source="x", files={}, runs=(Run(run_id="../../../up", run_config=""),))
    with pytest.raises(ValueError, match="leaves the repository"):
        submission.materialise(tmp_path / "out")
