"""Control groups of both versions, on an imitation of their file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import cgroups
from sandbox.protocol import Limits
from sandbox.usage import KernelFacts


def fill(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


@pytest.fixture
def version1(tmp_path: Path) -> cgroups.Cgroup:
    fill(
        tmp_path / "memory/box",
        {"memory.stat": "total_rss 1048576\ntotal_shmem 2097152\n", "memory.oom_control": "under_oom 0\noom_kill 2\n"},
    )
    fill(tmp_path / "pids/box", {"pids.current": "7\n", "cgroup.procs": "1\n2\n", "pids.events": "max 3\n"})
    fill(tmp_path / "cpuacct/box", {"cpuacct.usage": "1500000000\n"})
    lines = ["4:memory:/box", "8:pids:/box", "2:cpuacct:/box", "9:name=systemd:/box", "0::/box"]
    group = cgroups.parse(lines, tmp_path)
    assert group is not None and group.version == 1
    return group


@pytest.fixture
def version2(tmp_path: Path) -> cgroups.Cgroup:
    fill(
        tmp_path / "box",
        {
            "cgroup.controllers": "cpu memory pids",
            "memory.stat": "anon 1048576\nfile 999999999\nshmem 2097152\n",
            "memory.events": "low 0\nmax 11\noom 2\noom_kill 2\n",
            "pids.current": "7\n",
            "cgroup.procs": "1\n2\n",
            "pids.events": "max 3\n",
            "cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
        },
    )
    group = cgroups.parse(["0::/box"], tmp_path)
    assert group is not None and group.version == 2
    return group


@pytest.mark.parametrize("version", ["version1", "version2"])
def test_use_and_kernel_facts_are_read(version: str, request: pytest.FixtureRequest) -> None:
    group = request.getfixturevalue(version)
    used = group.usage()
    assert (used.cpu_seconds, used.memory_mb, used.processes, used.tasks) == (1.5, 3.0, 2, 7)
    assert group.kernel_facts() == KernelFacts(oom_kills=2, process_limit_hits=3)


@pytest.mark.parametrize("version", ["version1", "version2"])
def test_a_group_that_vanished_is_unknown_not_zero(version: str, request: pytest.FixtureRequest) -> None:
    group = request.getfixturevalue(version)
    for folder in set(group.folders.values()):
        for path in folder.iterdir():
            path.unlink()
    assert group.usage() is None
    assert group.kernel_facts() == KernelFacts(None, None)


def test_no_controllers_no_group(tmp_path: Path) -> None:
    assert cgroups.parse(["0::/"], tmp_path) is None


def test_limits_of_version_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made beside our own group, for a group with processes in it cannot hand controllers on to one inside."""
    ours = tmp_path / "user/ours"
    controllers = {"cgroup.controllers": "cpu memory pids", "cgroup.subtree_control": "cpu memory pids"}
    fill(ours.parent, controllers)
    fill(ours, {"cgroup.controllers": "cpu memory pids"})
    monkeypatch.setattr(cgroups, "of_process", lambda pid, root: cgroups.parse(["0::/user/ours"], root))
    group = cgroups.create(Limits(memory_mb=100, pids=10, cpus=1.5), root=tmp_path)
    assert group is not None
    (folder,) = set(group.folders.values())
    assert folder.parent == ours.parent
    assert (folder / "memory.max").read_text() == str(100 << 20)
    assert (folder / "pids.max").read_text() == "12"
    assert (folder / "cpu.max").read_text() == "150000 100000"


def test_what_was_counted_once_is_not_forgotten() -> None:
    seen = KernelFacts(oom_kills=1, process_limit_hits=0)
    assert seen.or_later(KernelFacts(None, None)) == seen
    assert seen.or_later(KernelFacts(2, 5)) == KernelFacts(2, 5)
