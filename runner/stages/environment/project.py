"""The project's own build: submission code, so it runs without network and its result is copied in by the host.

It matters: an installed project can be imported from any directory, and runs that passed on a real runner
rely on it.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from runner.attempt import Attempt
from runner.evidence import PackagingFailure
from runner.source_text import toml_table
from runner.stages.environment.failures import words_of_uv
from runner.submissions.slots import SLOT_OF_PATH
from runner.workbench import Installed, Workbench

if TYPE_CHECKING:
    from runner.stages.environment.stage import Installer

MAX_FILES = 200
MAX_FILE_BYTES = 4 << 20
# What the usual backends ask for beyond build-system.requires, once they are run (PEP 660 hooks).
_HOOK_REQUIREMENTS = ("editables", "wheel")


def build_requirements(pyproject: str) -> list[str]:
    """What the build needs; empty if uv would not build the project at all.

    uv installs a project only if it has a [build-system] or says `tool.uv.package = true`.
    """
    data = toml_table(pyproject) or {}
    if not isinstance(data.get("project"), dict):
        return []
    tool = data.get("tool", {})
    package = tool.get("uv", {}).get("package") if isinstance(tool, dict) else None
    system = data.get("build-system")
    if package is False or (not isinstance(system, dict) and package is not True):
        return []
    requires = system.get("requires", []) if isinstance(system, dict) else []
    if not isinstance(requires, list):
        return []
    wanted = [word for word in requires if isinstance(word, str)]
    backend = system.get("build-backend", "") if isinstance(system, dict) else ""
    if not backend or str(backend).startswith("setuptools"):
        wanted.append("setuptools")
    return [*wanted, *_HOOK_REQUIREMENTS]


def build_project(
    bench: Workbench, attempt: Attempt, installer: Installer, installed: Installed, site_packages: Path
) -> tuple[PackagingFailure | None, bool]:
    """Build the project as an editable install, as `uv sync` does, and add it to the environment.

    Returns the failure, if any, and whether the project is now installed.
    """
    if not build_requirements(installer.pyproject):
        return None, False
    sandbox = bench.sandbox
    _add_template_files(attempt)
    result = attempt.folder("project-site")
    out = sandbox.mount(result, "/project-site", writable=True)
    tools = sandbox.mount(
        installed.directory.with_name(f"{installed.directory.name}-build"), f"{installed.inside}-build"
    )
    command = [
        *(sandbox.uv, "pip", "install", "--no-deps", "--no-build-isolation", "--offline", "--no-config"),
        *("--python", f"{tools.target}/bin/python", "--target", out.target, "--editable", attempt.root),
    ]
    outcome = attempt.run(
        command,
        wall_seconds=bench.settings.limits.environment_wall_seconds,
        environment={"UV_CACHE_DIR": "/tmp/uv-cache", "UV_PYTHON_DOWNLOADS": "never"},
        mounts=[out, tools],
        record="build-project",
    )
    if outcome.exit_code != 0:
        stderr = (attempt.record / "build-project" / "stderr.txt").read_text("utf-8", "replace")
        message = words_of_uv(stderr)
        reproducible = outcome.exit_code is not None and "build backend returned an error" in message
        return PackagingFailure(step="build-project", message=message, reproducible=reproducible), False
    _copy_in(result, site_packages)
    return None, True


def _add_template_files(attempt: Attempt) -> None:
    """A submission of the seven slots alone is laid into a repository that has a README.md, and a build may want it."""
    readme = attempt.workspace / "README.md"
    if set(attempt.bench.submission.files) <= set(SLOT_OF_PATH):
        # Not through a link that a build before this one may have left.
        with contextlib.suppress(FileExistsError):
            readme.open("x").close()


def _copy_in(built: Path, site_packages: Path) -> None:
    """Copy regular files only, bounded, and never over what a wheel brought."""
    count = 0
    for path in sorted(built.rglob("*")):
        target = site_packages / path.relative_to(built)
        if path.is_symlink() or not path.is_file() or target.exists() or path.stat().st_size > MAX_FILE_BYTES:
            continue
        count += 1
        if count > MAX_FILES:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
