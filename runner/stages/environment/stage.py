"""Make the environment: uv resolves and unpacks (with a network), then the project is built (without one)."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name

from runner.attempt import Attempt
from runner.evidence import EnvironmentFacts, Evidence, PackagingFailure
from runner.leftovers import ENVIRONMENTS, owned_name
from runner.source_text import toml_table
from runner.stages.environment.failures import (
    packages_without_wheels,
    project_needs_build,
    read_failure,
    read_metadata_failure,
)
from runner.stages.environment.overlay import choose_torch, overlay
from runner.stages.environment.project import build_project, build_requirements
from runner.stages.environment.sources import build_from_source, names_of_wheels, offer_built
from runner.vocabulary import StageName, Status
from runner.workbench import Installed, Workbench
from sandbox.protocol import Mount, Network, Outcome

MAX_SOURCE_PACKAGES = 8
LOCKS = 2
"""Counts the ways in which locks were made; one that was made otherwise is not used again."""
_STORE = "/store"


@dataclass(frozen=True)
class Installation:
    """What one run of the installer said."""

    outcome: Outcome
    result: dict[str, Any]

    @property
    def failed_step(self) -> dict[str, Any] | None:
        """The step that ended it, None if all went through."""
        return next((step for step in self.result.get("steps", []) if step["exit_code"]), None)

    @property
    def stderr(self) -> str:
        return "".join(step["stderr"] for step in self.result.get("steps", []))


class Installer:
    """Runs inside/install.py for one attempt, with the wheels that had to be built here."""

    def __init__(self, bench: Workbench, attempt: Attempt) -> None:
        self._attempt = attempt
        self._sandbox = bench.sandbox
        self._wall_seconds = bench.settings.limits.environment_wall_seconds
        self.name = owned_name("env")
        self.store = bench.store
        for folder in ("uv-cache", ENVIRONMENTS, "compiled", "locks"):
            (self.store / folder).mkdir(parents=True, exist_ok=True)
        self.store_mount = self._sandbox.mount(self.store, _STORE, writable=True)
        self.wheelhouse = attempt.folder("wheelhouse")
        wheels = bench.settings.env.wheel_folder()
        self._wheel_mounts = [self._sandbox.mount(self.wheelhouse, "/wheelhouse")]
        if wheels is not None:
            self._wheel_mounts.append(self._sandbox.mount(wheels, "/wheels"))
        self.torch = choose_torch(bench.settings.env.torch, bench.settings.gpu, wheels, bench.settings.env.torch_index)
        self.as_of = bench.settings.env.as_of(bench.submission.created_at)
        self.pyproject = bench.submission.files.get("pyproject.toml", "")
        offer_built(self)

    @property
    def as_of_text(self) -> str | None:
        """The date as uv and the index write it."""
        return self.as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.as_of else None

    def path(self, *parts: str) -> str:
        """A path below the store, inside the sandbox."""
        return "/".join((self.store_mount.target, *parts))

    def variables(self) -> dict[str, str]:
        """uv's settings; linking needs cache and environment below one mount."""
        link_mode = "copy" if self._sandbox.name == "process" else "hardlink"
        return {
            "UV_CACHE_DIR": self.path("uv-cache"),
            "UV_LINK_MODE": link_mode,
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def install(self, round_number: int) -> Installation:
        """One run of the installer on the overlaid copy of the project."""
        attempt = self._attempt
        links = [mount.target for mount in self._wheel_mounts if any(mount.source.glob("*.whl"))]
        text = overlay(self.pyproject, torch=self.torch, as_of=self.as_of, find_links=links)
        project = attempt.folder(f"project-{round_number}")
        (project / "pyproject.toml").write_text(text, encoding="utf-8")
        if "uv.lock" in attempt.bench.submission.files:
            (project / "uv.lock").write_text(attempt.bench.submission.files["uv.lock"], encoding="utf-8")
        project_mount = self._sandbox.mount(project, "/project", writable=True)
        spec = {
            "uv": self._sandbox.uv,
            "python": self._sandbox.python,
            "project": project_mount.target,
            "cache": self.path("uv-cache"),
            "compiled": self.path("compiled"),
            "environment": self.path(ENVIRONMENTS, self.name),
            "build_environment": self.path(ENVIRONMENTS, f"{self.name}-build"),
            "build_requires": build_requirements(self.pyproject),
            "as_of": self.as_of_text,
            "lock": self.path("locks", f"{self._lock_key(text)}.lock"),
        }
        outcome = attempt.run(
            [
                self._sandbox.python,
                attempt.tool("install.py"),
                attempt.hand_in("install.json", spec),
                attempt.awaited("installed.json"),
            ],
            wall_seconds=self._wall_seconds,
            environment=self.variables(),
            mounts=[self.store_mount, project_mount, *self._wheel_mounts],
            network=Network.INDEX,
            record=f"install-{round_number}",
        )
        return Installation(outcome, json.loads(attempt.handed_out("installed.json") or "{}"))

    def _lock_key(self, text: str) -> str:
        # Without a date the index is asked again every day.
        day = "" if self.as_of else f"{datetime.now(UTC):%Y-%m-%d}"
        wheels = sorted(path.name for mount in self._wheel_mounts for path in mount.source.glob("*.whl"))
        return hashlib.sha256(json.dumps([LOCKS, text, day, wheels, self._sandbox.python]).encode()).hexdigest()[:32]


def run_environment(bench: Workbench, number: int = 1) -> tuple[Evidence, Installed | None]:
    """Install the project's environment; returns the facts and, if there is one, the environment."""
    bench.progress.stage_started(StageName.ENVIRONMENT, None, "uv sync")
    with bench.attempt(StageName.ENVIRONMENT, None, number) as attempt:
        installer = Installer(bench, attempt)
        installation, failure = _install_with_sources(installer, attempt)
        facts = _facts(installer, installation, failure)
        installed = None
        if facts.failure is None and _complete(installation):
            installed = Installed(
                installer.store / ENVIRONMENTS / installer.name,
                installer.path(ENVIRONMENTS, installer.name),
                replaced_torch=installer.torch.replaces,
            )
            inside = PurePosixPath(installation.result["site_packages"])
            site_packages = installed.directory / inside.relative_to(installed.inside)
            project_failure, done = build_project(bench, attempt, installer, installed, site_packages)
            facts = facts.model_copy(update={"failure": project_failure, "project_installed": done})
        evidence = _evidence(attempt, installation, facts)
    if facts.failure is not None and installed is not None:
        remove_environment(installed)
        installed = None
    bench.progress.stage_finished(evidence)
    return evidence, installed


def remove_environment(installed: Installed) -> None:
    """Delete an environment and the build environments beside it; hard links, so it is quick."""
    for folder in installed.directory.parent.glob(f"{installed.directory.name}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _install_with_sources(installer: Installer, attempt: Attempt) -> tuple[Installation, PackagingFailure | None]:
    """Install; where a package has no wheel, build one without network and try again.

    So it is, too, where the resolution went around such a package: uv itself would have built it.
    """
    tried: set[str] = set()
    installation = installer.install(1)
    for round_number in range(2, MAX_SOURCE_PACKAGES + 2):
        if installation.failed_step is not None:
            wanted = dict.fromkeys(packages_without_wheels(installation.stderr), "")
        else:
            wanted = installation.result.get("unavailable", {})
        wanted = {name: known for name, known in wanted.items() if name not in tried}
        if not wanted:
            break
        tried.update(wanted)
        done, failure = build_from_source(installer, attempt, wanted, round_number)
        if failure is not None:
            return installation, failure
        if not done:
            break
        installation = installer.install(round_number)
    return installation, None


def _complete(installation: Installation) -> bool:
    return installation.failed_step is None and "site_packages" in installation.result


def _facts(installer: Installer, installation: Installation, failure: PackagingFailure | None) -> EnvironmentFacts:
    step = installation.failed_step
    if failure is None and step is not None:
        name = _project_name(installer.pyproject)
        if name and project_needs_build(step["stderr"], name):
            failure = read_metadata_failure(installer.pyproject, step["stderr"])
        else:
            failure = read_failure(step, installer.pyproject)
    packages = installation.result.get("packages", {})
    built = names_of_wheels(installer.wheelhouse)
    digest = hashlib.sha256(json.dumps(sorted(packages.items())).encode()).hexdigest()
    return EnvironmentFacts(
        failure=failure,
        has_project_table=_project_name(installer.pyproject) is not None,
        packages=packages,
        packages_digest=digest if packages else "",
        modules=installation.result.get("modules", []),
        python=installation.result.get("python", ""),
        torch=installer.torch.label if "torch" in packages else "",
        built_from_source=[name for name in packages if canonicalize_name(name) in built],
    )


def _evidence(attempt: Attempt, installation: Installation, facts: EnvironmentFacts) -> Evidence:
    command = ["uv", "sync"]
    base = attempt.evidence(installation.outcome, command)
    status, why = base.status, base.status_evidence
    if status is Status.OK and facts.failure is not None:
        status, why = Status.FAILED, f"{facts.failure.step} failed"
    elif status is Status.OK and not _complete(installation):
        status, why = Status.INFRASTRUCTURE_ERROR, "the installer ended without a result"
    return base.model_copy(
        update={
            "status": status,
            "status_evidence": why,
            "traceback": None,
            "outputs": [],
            "stderr_tail": installation.stderr[-6000:],
            "facts": facts,
        }
    )


def _project_name(pyproject: str) -> str | None:
    project = (toml_table(pyproject) or {}).get("project")
    return str(project.get("name", "")) if isinstance(project, dict) else None


def mounts_of(bench: Workbench, installed: Installed) -> list[Mount]:
    """The environment as later stages see it: read-only."""
    return [bench.sandbox.mount(installed.directory, installed.inside)]


def run_variables(installed: Installed) -> dict[str, str]:
    """Makes `uv run` use the environment as it is: no syncing, no network."""
    return {
        "UV_PROJECT_ENVIRONMENT": installed.inside,
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": "/tmp/uv-cache",
    }
