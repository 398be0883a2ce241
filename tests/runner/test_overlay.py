"""The overlay changes what this machine needs, and nothing else of pyproject.toml."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner.stages.environment.overlay import TorchChoice, choose_torch, newest_local_torch, overlay

AS_OF = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
PROJECT = """\
[project]
name = "experiment"
version = "1"
dependencies = ["torch>=2.1", "numpy"]
"""


def applied(text: str, torch: TorchChoice, as_of: datetime | None = AS_OF, links: tuple[str, ...] = ()) -> dict:
    return tomllib.loads(overlay(text, torch=torch, as_of=as_of, find_links=links))["tool"]["uv"]


def test_original_lines_keep_their_numbers() -> None:
    changed = overlay(PROJECT, torch=TorchChoice("", pin="2.13.0"), as_of=AS_OF, find_links=["/wheels"])
    assert changed.startswith(PROJECT)


def test_a_project_that_begins_with_a_mark_is_overlaid_too() -> None:
    assert applied("\ufeff" + PROJECT, TorchChoice("", pin="2.13.0"))["override-dependencies"] == ["torch==2.13.0"]


def test_date_torch_and_wheels_are_added() -> None:
    uv = applied(PROJECT, TorchChoice("", pin="2.13.0"), links=("/wheels",))
    assert uv["exclude-newer"] == "2025-11-22T09:30:00Z"
    assert uv["override-dependencies"] == ["torch==2.13.0"]
    assert uv["find-links"] == ["/wheels"]
    assert "python_full_version >= '3.11'" in uv["environments"][0]


def test_without_a_date_todays_packages_are_taken() -> None:
    assert "exclude-newer" not in applied(PROJECT, TorchChoice("as resolved"), as_of=None)


def test_torch_as_resolved_overrides_nothing() -> None:
    uv = applied(PROJECT, TorchChoice("as resolved"))
    assert "override-dependencies" not in uv
    assert "sources" not in uv


def test_an_index_reaches_torch_that_comes_through_another_package() -> None:
    uv = applied(PROJECT, TorchChoice("", index="https://example.org/cpu"))
    assert uv["override-dependencies"] == ["torch"]
    assert uv["sources"]["torch"] == {"index": uv["index"][0]["name"]}
    assert uv["index"][0]["explicit"] is True
    assert uv["exclude-newer-package"]["torch"] is False


def test_the_projects_own_uv_settings_stay_but_its_cuda_index_goes() -> None:
    text = PROJECT + (
        '[tool.uv]\noverride-dependencies = ["torch==2.4", "numpy<2"]\n'
        '[tool.uv.sources]\ntorch = { index = "cuda" }\nother = { path = "x" }\n'
    )
    uv = applied(text, TorchChoice("", pin="2.13.0"))
    assert uv["override-dependencies"] == ["numpy<2", "torch==2.13.0"]
    assert uv["sources"] == {"other": {"path": "x"}}


@pytest.mark.parametrize("text", ["[project", "tool = 3", "[tool]\nuv = 1", "= 1"])
def test_what_cannot_be_overlaid_is_left_to_uv(text: str) -> None:
    assert overlay(text, torch=TorchChoice("", pin="2.13.0"), as_of=AS_OF, find_links=[]) == text


def test_only_wheels_of_this_python_and_platform_count(tmp_path: Path) -> None:
    for name in (
        "torch-2.9.1+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl",
        "torch-2.14.0+cpu-cp312-cp312-manylinux_2_28_x86_64.whl",
        "torch-2.15.0-cp311-none-macosx_11_0_arm64.whl",
        "torch-broken.whl",
        "torchvision-9.9.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    ):
        (tmp_path / name).touch()
    assert newest_local_torch(tmp_path) == "2.13.0"
    assert newest_local_torch(None) is None


@pytest.mark.parametrize(
    ("wanted", "gpus", "expected"),
    [
        ("default", 0, TorchChoice("CPU build from env.torch_index", index="URL")),
        ("default", 1, TorchChoice("as resolved")),
        ("auto", 0, TorchChoice("as resolved")),
        ("2.8.0", 0, TorchChoice("2.8.0 (env.torch)", pin="2.8.0")),
    ],
)
def test_which_torch_is_chosen(wanted: str, gpus: int, expected: TorchChoice) -> None:
    assert choose_torch(wanted, gpus, None, "URL") == expected
