"""Does the environment stage install the versions that a real `uv sync` would?

    python tests/corpus/environments.py MANIFEST REPOSITORIES [--only WORD] [--output DIR] [KEY=VALUE ...]

MANIFEST and REPOSITORIES are those of measure.py. For every snapshot whose trial passed on the real runner, the
packages that the environment stage installs are held against those that uv locks for the untouched pyproject.toml on
the commit's date, where it may build what has no wheel. torch and what comes with its CUDA build are left out: a
review puts another build in their place. uv runs the builds of packages here, so this is for trusted snapshots only.
Exit status 1 if a version differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.corpus.measure import Snapshot, run_review, snapshots  # noqa: E402

ALONE = ["repairs=off", "stages=[files,environment]"]
LEFT_OUT = ("torch", "triton", "nvidia-", "cuda-", "setuptools")
"""Of torch's own requirements, which differ with its build. setuptools is one of them on some versions of Python."""


def main() -> int:
    """Compare the snapshots one after the other and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--only", default="", help="repositories whose name contains this")
    parser.add_argument("--output", type=Path, default=Path("review-corpus-environments"))
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    bad = 0
    seen: set[str] = set()
    for number, snapshot in enumerate(snapshots(options.manifest, options.repositories)):
        project = git(snapshot, "show", f"{snapshot.commit}:pyproject.toml")
        if snapshot.which != "passed" or options.only not in snapshot.repository or project in seen:
            continue
        seen.add(project)
        ours = installed(snapshot, options.output / f"{number:02d}", options.overrides)
        real = locked(project, date_of(snapshot))
        names = sorted(name for name in {*ours, *real} if not name.startswith(LEFT_OUT))
        differ = {name: (real.get(name), ours.get(name)) for name in names if real.get(name) != ours.get(name)}
        bad += bool(differ)
        print(f"{'BAD' if differ else 'ok '} {snapshot.repository} {len(names)} packages {differ or ''}", flush=True)
    print(f"{len(seen) - bad} of {len(seen)}: the same versions")
    return 1 if bad else 0


def installed(snapshot: Snapshot, output: Path, overrides: list[str]) -> dict[str, str]:
    """Canonical name -> version, as the environment stage has it; without the project itself."""
    run_review(snapshot, output, [*ALONE, *overrides])
    (evidence,) = output.glob("stages/*-environment/1/evidence.json")
    packages: dict[str, str] = json.loads(evidence.read_text("utf-8"))["facts"]["packages"]
    return {canonicalize_name(name): version for name, version in packages.items()}


def locked(project: str, as_of: str) -> dict[str, str]:
    """Canonical name -> version, as uv locks the project for this machine."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_FIND_LINKS"))}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(project, encoding="utf-8")
        for words in (["lock", "--exclude-newer", as_of], ["export", "--frozen", "--no-hashes", "--no-emit-project"]):
            done = subprocess.run(
                [str(Path(sys.executable).with_name("uv")), *words, "--python", "3.11"],
                cwd=folder, env=variables, capture_output=True, encoding="utf-8", check=True,
            )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line[:1].isalnum()]
    here = {**default_environment(), "python_version": "3.11", "extra": ""}
    wanted = [each for each in map(Requirement, lines) if each.marker is None or each.marker.evaluate(here)]
    return {canonicalize_name(each.name): str(each.specifier).removeprefix("==") for each in wanted}


def date_of(snapshot: Snapshot) -> str:
    """The commit's date, as uv takes it."""
    when = datetime.fromisoformat(git(snapshot, "show", "-s", "--format=%cI", snapshot.commit).strip())
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def git(snapshot: Snapshot, *words: str) -> str:
    command = ["git", "-C", str(snapshot.path), *words]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout


if __name__ == "__main__":
    sys.exit(main())
