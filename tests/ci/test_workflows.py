"""Workflows and templates are valid, safe, and do what they say."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from expressions import condition

from tests.submission_cases import ROOT as CASES
from tests.submission_cases import load_case

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


def checked(*command: str | Path) -> None:
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


WORKFLOWS = sorted(path.name for path in (ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize(
    "schema, file", [("actions", "action.yml"), *(("workflows", f".github/workflows/{name}") for name in WORKFLOWS)]
)
def test_they_are_valid_against_githubs_schemas(schema: str, file: str) -> None:
    checked(PROGRAMS / "check-jsonschema", "--builtin-schema", f"vendor.github-{schema}", ROOT / file)


def test_the_linter_of_workflows_finds_nothing() -> None:
    config = ROOT / ".github" / "zizmor.yml"
    files = (ROOT / "action.yml", ROOT / ".github" / "workflows")
    checked(PROGRAMS / "zizmor", "--offline", "--no-progress", "--quiet", "--config", config, *files)


def gitlab(**inputs: str) -> str:
    """The template's second document, with its inputs put in as GitLab does."""
    head, body = (ROOT / ".gitlab" / "sandbox-review.yml").read_text().split("\n---\n")
    spec = yaml.safe_load(head)["spec"]["inputs"]
    given = {name: inputs.get(name, entry.get("default")) for name, entry in spec.items()}
    assert None not in given.values()
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: str(given[match.group(1)] or '""'), body)


def test_the_gitlab_template_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "ci.yml"
    file.write_text(gitlab(source="sandbox_review.whl"))
    checked(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", file)


def test_the_gitlab_job_reports_and_ends_with_the_verdict(tmp_path: Path, installed: list[str]) -> None:
    """Its lines as the shell executor runs them, but for the installation, which the action's test runs."""
    load_case(CASES / "syntax-error").write_directory(tmp_path)
    job = yaml.safe_load(gitlab(source="x", overrides="stages=[files] backend=process"))["sandbox-review"]
    lines = [line for line in job["script"] if "environment" not in line]
    assert len(job["script"]) - len(lines) == 5
    path = os.pathsep.join([*installed, os.environ["PATH"]])
    variables = {name: str(value) for name, value in job["variables"].items()}
    environment = {**os.environ, **variables, "PATH": path, "CI": "true", "CI_PROJECT_DIR": str(tmp_path)}
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    reports = job["artifacts"]["reports"]
    (first, *_) = yaml.safe_load((tmp_path / reports["codequality"]).read_text())
    assert (first["check_name"], first["severity"]) == ("implementation.compiles", "blocker")
    assert first["location"]["path"] == "src/model.py"
    assert (tmp_path / reports["junit"]).is_file()


def nightly_steps() -> dict[str, Any]:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text())
    return {step["name"]: step for step in workflow["jobs"]["night"]["steps"] if "name" in step}


def job(step: str, folder: Path, installed: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """One step of the nightly workflow, as a runner with its home in `folder` runs it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_REVIEW_ST")}
    environment |= {"PATH": os.pathsep.join([*installed, os.environ["PATH"]]), "CI": "true", "HOME": str(folder)}
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        environment[name] = str(folder / name)
        (folder / name).write_text("")
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", nightly_steps()[step]["run"].replace(".ci/", f"{ROOT}/.ci/")],
        cwd=folder,
        env=environment | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def outputs(folder: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (folder / "GITHUB_OUTPUT").read_text().splitlines())


def test_a_night_with_a_regression_is_kept_and_can_be_accepted(tmp_path: Path, installed: list[str]) -> None:
    load_case(CASES / "syntax-error").write_directory(tmp_path / "corpus" / "broken")
    (tmp_path / "corpus" / "broken" / "expect.yaml").write_text("verdict: ready\n")
    words = {"CORPUS": "corpus", "OVERRIDES": "nightly.canary=none stages=[files] backend=process"}
    assert job("What this runner has", tmp_path, installed).returncode == 0
    assert outputs(tmp_path)["verdicts"] == "false"

    ran = job("Night", tmp_path, installed, **words)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 regression" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    night = Path(outputs(tmp_path)["directory"])
    assert (night / "index.html").is_file()
    kept = nightly_steps()["Keep the verdicts"]
    assert Path(kept["with"]["path"].replace("~", str(tmp_path))).is_file()
    assert job("What this runner has", tmp_path, installed).returncode == 0
    assert outputs(tmp_path)["verdicts"] == "true"

    ran = job("Accept", tmp_path, installed, ACCEPT="last", OVERRIDES=words["OVERRIDES"])
    assert "accepted 1 verdict" in ran.stdout, ran.stdout + ran.stderr
    ran = job("Night", tmp_path, installed, **words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "no regression" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert Path(outputs(tmp_path)["directory"]) != night


def test_a_night_that_was_stopped_is_gone_on_with_by_the_next_job(tmp_path: Path, installed: list[str]) -> None:
    """The checkout is cleaned between two jobs; what the night left lies outside it."""
    words = {"CORPUS": str(tmp_path / "corpus"), "OVERRIDES": "nightly.canary=none stages=[files] backend=process"}
    load_case(CASES / "syntax-error").write_directory(tmp_path / "corpus" / "broken")
    assert job("Night", tmp_path, installed, **words).returncode == 0
    first = Path(outputs(tmp_path)["directory"])
    database = tmp_path / ".local/state/sandbox-review-nights/nights.db"
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:  # as a killed program leaves it
        connection.execute("UPDATE nights SET status = 'running', finished_at = NULL")
    assert job("Night", tmp_path, installed, **words).returncode == 0
    assert Path(outputs(tmp_path)["directory"]) == first


def test_what_a_failed_night_left_is_uploaded_and_kept() -> None:
    """A regression fails the job's step; a step without `if: always()` would be skipped then."""
    steps = nightly_steps()
    names = {"inputs.accept": "", "steps.night.outputs.directory": "/nights/one"}
    names |= {f"steps.here.outputs.{what}": "false" for what in ("verdicts", "packages")}
    ran = [name for name, step in steps.items() if condition(step.get("if", ""), names.__getitem__, failed=True)]
    assert ran == ["Keep the verdicts", "Keep environments and stand-ins", "Report"]
    for restored, kept in (
        ("Verdicts of earlier nights", "Keep the verdicts"),
        ("Environments and stand-ins of earlier nights", "Keep environments and stand-ins"),
    ):
        assert {name: steps[restored]["with"][name] for name in ("path", "key")} == steps[kept]["with"]


def test_a_run_that_accepts_reviews_nothing() -> None:
    names = {"inputs.accept": "48", "steps.night.outputs.directory": ""}
    ran = {
        n: condition(nightly_steps()[n]["if"], names.__getitem__, failed=False) for n in ("Night", "Accept", "Report")
    }
    assert ran == {"Night": False, "Accept": True, "Report": False}
