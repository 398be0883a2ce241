"""The program in its own image, with the host's engine: everything that it mounts has the same path in both."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from images.runner.build import build_runner_image
from tests.backends import backend_or_skip
from tests.submission_cases import ROOT as CASES
from tests.submission_cases import load_case

pytestmark = [pytest.mark.docker, pytest.mark.slow]
CHECKOUT = Path(__file__).parents[2]
SOCKET = "/var/run/docker.sock"


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    backend_or_skip("docker")
    import docker

    client: Any = docker.from_env(timeout=600)
    name = build_runner_image(client, str(CHECKOUT))
    yield name
    client.images.remove(name, force=True)


def run(image: str, *words: str, mounts: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", "run", "--rm", "--pid=host", "--cgroupns=host"]
    command += [word for mount in mounts for word in ("-v", mount)]
    command += [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    return subprocess.run([*command, image, *words], capture_output=True, text=True, check=False, timeout=500)


def test_it_says_what_it_needs(image: str) -> None:
    assert run(image, "--version").stdout.startswith("sandbox-review ")
    refused = run(image, "submission.json")
    assert refused.returncode == 2
    assert "SANDBOX_REVIEW_SHARED is not set" in refused.stderr
    assert "--output DIR" in run(image).stdout
    ci = ["docker", "run", "--rm", "--entrypoint", "sandbox-review-ci", image, "--help"]
    assert "usage: sandbox-review-ci" in subprocess.run(ci, capture_output=True, text=True, check=False).stdout


def test_it_reviews_with_the_hosts_engine(image: str) -> None:
    """An environment is installed, mounted into the next sandbox and used there; the probe's socket is reached."""
    with tempfile.TemporaryDirectory(prefix="sr-", dir="/tmp") as name:  # short: sockets lie below it
        shared = Path(name)
        submission = load_case(CASES / "clean").write_directory(shared / "submission")
        pyproject = submission / "pyproject.toml"
        text = re.sub(
            r"dependencies = \[.*?\n\]", 'dependencies = ["hydra-core>=1.3.2"]', pyproject.read_text(), flags=re.S
        )
        pyproject.write_text(text)  # little to download: its cache is new
        ran = run(
            image,
            str(submission),
            "--output",
            str(shared / "review"),
            "stages=[files,environment,compose]",
            "repairs=off",
            mounts=(f"{SOCKET}:{SOCKET}", f"{shared}:{shared}", "/sys/fs/cgroup:/sys/fs/cgroup:ro"),
            SANDBOX_REVIEW_SHARED=str(shared),
        )
        assert ran.returncode == 1, ran.stdout + ran.stderr
        review = json.loads((shared / "review" / "review.json").read_text())
        files, environment, compose = review["stages"]
        assert (files["status"], environment["status"]) == ("ok", "ok")
        assert review["environment"]["backend"] == "docker"
        (failed, *_) = [found for found in review["findings"] if found["criterion"] == "implementation.imports"]
        assert "No module named" in failed["message"]
        assert compose["peak_memory_mb"] > 10
        assert (shared / "review" / compose["directory"] / "events.jsonl").read_text().startswith('{"c"')
        subprocess.run(  # what the container wrote as root
            ["docker", "run", "--rm", "-v", f"{shared}:/shared", "--entrypoint", "sh", image, "-c", "rm -rf /shared/*"],
            check=True,
        )
