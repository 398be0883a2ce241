"""What a killed review left below the cache is removed by the next one; what is in use is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runner.leftovers import owned_name, remove_leftovers


def test_only_what_a_gone_program_left_is_removed(tmp_path: Path) -> None:
    program = "from runner.leftovers import owned_name; print(owned_name('trial'))"
    gone = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    ).stdout.strip()
    mine = owned_name("trial")
    for folder in ("scratch", "uv-docker/environments"):
        for name in (gone, mine, "somebody-elses"):
            (tmp_path / folder / name / "deep").mkdir(parents=True)
    assert remove_leftovers(tmp_path) == [gone, gone]
    assert sorted(path.name for path in (tmp_path / "scratch").iterdir()) == sorted([mine, "somebody-elses"])


def test_an_empty_cache_is_fine(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "nothing") == []
