"""What a sandbox wrote is read on the host without being led anywhere: links, pipes, huge files, odd names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.sandbox_files import read_regular, regular_files
from runner.settings import load_settings
from runner.submissions.model import Submission
from runner.vocabulary import StageName
from runner.workbench import Workbench
from sandbox.backends.dummy import DummySandbox


@pytest.fixture
def host(tmp_path: Path) -> Path:
    folder = tmp_path / "host"
    folder.mkdir()
    (folder / "secret.json").write_text('{"key": 1}')
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "written"
    (folder / "b" / "inner").mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "b" / "c.json").write_text("123456")
    (folder / "b" / "inner" / "d").write_text("")
    return folder


def names(root: Path, *without: str) -> list[str]:
    return [file.name for file in regular_files(root, without)]


def test_regular_files_are_listed_with_their_sizes(root: Path) -> None:
    assert [(file.name, file.bytes) for file in regular_files(root)] == [
        ("a.json", 2),
        ("b/c.json", 6),
        ("b/inner/d", 0),
    ]
    assert names(root, "inner") == ["a.json", "b/c.json"]
    assert [file.below(root).read_text() for file in regular_files(root, ("b",))] == ["{}"]


def test_no_link_is_followed_not_even_the_root_itself(root: Path, host: Path) -> None:
    (root / "folder").symlink_to(host)
    (root / "file.json").symlink_to(host / "secret.json")
    (root.parent / "link").symlink_to(host)
    assert names(root) == ["a.json", "b/c.json", "b/inner/d"]
    assert names(root.parent / "link") == []
    for parts in (("folder", "secret.json"), ("file.json",)):
        assert read_regular(root, parts, 100) is None
    assert read_regular(root.parent / "link", ("secret.json",), 100) is None


def test_pipes_are_not_waited_for_and_are_no_files(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert "pipe" not in names(root)
    assert read_regular(root, ("pipe",), 100) is None
    assert read_regular(root, ("b",), 100) is None


def test_no_more_is_read_than_asked_for(root: Path) -> None:
    with (root / "huge").open("wb") as file:
        file.truncate(1 << 40)
    assert read_regular(root, ("huge",), 10) == bytes(10)
    assert read_regular(root, ("b", "c.json"), 4) == b"1234"
    assert read_regular(root, ("b", "none"), 4) is None


def test_names_that_are_no_utf8_can_be_written_down(root: Path) -> None:
    (root / os.fsdecode(b"\xff.json")).write_text("{}")
    found = next(file for file in regular_files(root) if file.name.startswith("\\"))
    assert found.name == "\\xff.json"
    assert read_regular(root, found.parts, 9) == b"{}"


def test_folders_deeper_than_a_path_may_be_long(root: Path) -> None:
    place = os.open(root, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("n" * 200, dir_fd=place)
        inner = os.open("n" * 200, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("deep", os.O_WRONLY | os.O_CREAT, dir_fd=place))
    os.close(place)
    assert any(name.endswith("/deep") for name in names(root))


def test_a_flood_of_entries_is_cut(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.sandbox_files.MAX_ENTRIES", 3)
    assert names(root) == ["a.json", "b/c.json"]


def test_the_exchange_folder_leads_nowhere_else(tmp_path: Path, host: Path) -> None:
    submission = Submission(id="s", source="test", files={"src/main.py": ""}, runs=())
    settings = load_settings([f"cache_dir={tmp_path / 'cache'}"])
    bench = Workbench(submission, settings, DummySandbox([]), tmp_path / "review", None, None)  # type: ignore[arg-type]
    secret = host / "secret.json"
    with bench.attempt(StageName.COMPOSE) as attempt:
        for name in ("in.json", "out.json"):
            (attempt.exchange / name).symlink_to(secret)
        assert attempt.handed_out("out.json") == ""
        attempt.hand_in("in.json", {"a": 2})
        attempt.awaited("out.json")
        assert not (attempt.exchange / "out.json").is_symlink()
        (attempt.exchange / "out.json").write_text("said")
        assert attempt.handed_out("out.json") == "said"
        (attempt.exchange / "folder").mkdir()
        assert attempt.hand_in("folder", []).endswith("/folder")
    assert secret.read_text() == '{"key": 1}'
