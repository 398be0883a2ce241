"""Workflows and templates are valid, safe, and do what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.submission_cases import ROOT as CASES
from tests.submission_cases import load_case

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(sys.executable).parent


def checked(*command: str | Path) -> None:
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("schema, file", [("actions", "action.yml"), ("workflows", ".github/workflows/nightly.yml")])
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
    assert len(job["script"]) - len(lines) == 4
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


def test_the_nightly_job_keeps_its_verdicts_and_writes_its_summary(tmp_path: Path, installed: list[str]) -> None:
    load_case(CASES / "syntax-error").write_directory(tmp_path / "corpus" / "broken")
    words = "nightly.canary=none stages=[files] backend=process"
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text())
    (step,) = [step for step in workflow["jobs"]["night"]["steps"] if step.get("name") == "Night"]
    path = os.pathsep.join([*installed, os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "CI": "true", "CORPUS": "corpus", "OVERRIDES": words}
    environment |= {"STATE": str(tmp_path / "state"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    ran = subprocess.run(
        [str(ROOT / step["run"])], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "no regression" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "night" / "index.html").is_file()
    assert (tmp_path / "state" / "nights.db").is_file()
