"""Runs the steps of a composite action as GitHub's runner would, as far as this action needs it.

Steps with `run` are run by bash, with the files that a runner gives them; those with `uses` are only listed. A step
runs where its `if` says so; without one, where no step before it failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from expressions import condition, evaluate

ROOT = Path(__file__).parents[2]
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Step:
    """What became of one step."""

    name: str
    status: int | None
    """None for a step that only `uses` another action."""
    log: str = ""
    uses: str = ""
    given: dict[str, str] = field(default_factory=dict)
    """What a `uses` step would get, evaluated."""


@dataclass
class Runner:
    """One job on one machine."""

    workspace: Path
    temp: Path
    inputs: dict[str, str]
    paths: list[str] = field(default_factory=list)
    """What steps put in front of the PATH."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Step id -> its outputs."""
    failed: bool = False
    """Whether a step failed, and with it the job."""

    def __post_init__(self) -> None:
        self.action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
        known = self.action["inputs"]
        assert set(self.inputs) <= set(known)
        self.inputs = {name: str(known[name].get("default", "")) for name in known} | self.inputs
        self.summary = self.temp / "summary.md"

    def run(self, *names: str) -> dict[str, Step]:
        """The named steps, or all of them, by name; without those that were skipped."""
        done: dict[str, Step] = {}
        for step in self.action["runs"]["steps"]:
            wanted = not names or step["name"] in names
            if wanted and condition(step.get("if", "success()"), self._looked_up, self.failed):
                done[step["name"]] = self._step(step)
                self.failed |= done[step["name"]].status not in (0, None) and not step.get("continue-on-error", False)
        return done

    def _step(self, step: dict[str, Any]) -> Step:
        if "uses" in step:
            given = {name: self._evaluated(str(value)) for name, value in step.get("with", {}).items()}
            return Step(step["name"], None, uses=step["uses"], given=given)
        assert step["shell"] == "bash"
        files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for path in files.values():
            path.write_text("")
        path = os.pathsep.join([*self.paths, str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {
            **os.environ,
            **{name: str(path) for name, path in files.items()},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "PATH": path,
            **{name: self._evaluated(str(value)) for name, value in step.get("env", {}).items()},
        }
        assert "${{" not in step["run"]  # what a submission says must not become part of a script
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.paths = [*files["GITHUB_PATH"].read_text().split("\n")[:-1], *self.paths]
        lines = files["GITHUB_OUTPUT"].read_text().split("\n")[:-1]
        if "id" in step:
            self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)  # type: ignore[misc]
        return Step(step["name"], ran.returncode, ran.stdout)

    def _evaluated(self, text: str) -> str:
        status = {"always": True, "success": not self.failed, "failure": self.failed}
        return _EXPRESSION.sub(lambda match: str(evaluate(match.group(1), self._looked_up, status)), text)

    def _looked_up(self, name: str) -> str:
        match name.split("."):
            case ["inputs", name]:
                return self.inputs[name]
            case ["github", "action_path"]:
                return str(ROOT)
            case ["steps", identifier, "outputs", name]:
                return self.outputs.get(identifier, {}).get(name, "")
        raise AssertionError(f"unknown name: {name}")
