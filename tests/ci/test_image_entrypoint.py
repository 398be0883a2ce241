"""The image's entrypoint, run here on this checkout: what it starts under which name, and what it asks for first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def entrypoint(tmp_path: Path) -> Path:
    """As the Dockerfile puts it, with this checkout where the image has the installed program."""
    text = (ROOT / "images" / "runner" / "entrypoint").read_text()
    program = tmp_path / "sandbox-review"
    program.write_text(text.replace("site=/opt/sandbox-review/site", f"site={ROOT}"))
    program.chmod(0o755)
    (tmp_path / "sandbox-review-ci").symlink_to(program)
    return program


def run(program: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_REVIEW_")}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run([str(program), *words], env=environment, capture_output=True, text=True, check=False)


def test_what_tells_a_ci_is_in_it_under_its_own_name_and_needs_no_shared_folder(entrypoint: Path) -> None:
    assert "usage: sandbox-review-ci" in run(entrypoint.with_name("sandbox-review-ci"), "--help").stdout
    ran = run(entrypoint.with_name("sandbox-review-ci"), "night", str(entrypoint.parent))
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "# Nothing is known of this night")


def test_a_review_needs_the_shared_folder(entrypoint: Path) -> None:
    assert run(entrypoint, "--version").stdout.startswith("sandbox-review ")
    refused = run(entrypoint, "submission.json")
    assert (refused.returncode, "SANDBOX_REVIEW_SHARED is not set" in refused.stderr) == (2, True)
