"""Packages that exist only as source archives: fetched beside the installer, built in a sandbox without network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from runner.attempt import Attempt
from runner.evidence import PackagingFailure
from runner.leftovers import ENVIRONMENTS
from runner.source_text import declared_dependencies
from runner.stages.environment.failures import words_of_uv
from sandbox.protocol import Network

if TYPE_CHECKING:
    from runner.stages.environment.stage import Installer

MAX_WHEEL_MB = 512


def build_from_source(
    installer: Installer, attempt: Attempt, names: list[str], round_number: int
) -> PackagingFailure | None:
    """Put a wheel of each named package into the installer's wheelhouse; the first failure ends it."""
    sources = attempt.folder(f"sources-{round_number}")
    built = attempt.folder(f"built-{round_number}")
    tools = f"{installer.name}-sources-{round_number}"
    archives = _fetch(installer, attempt, names, sources, tools, round_number)
    for name in names:
        answer = archives.get(name, {"error": "the index could not be asked"})
        if "error" in answer:
            return PackagingFailure(step="download", message=answer["error"], package=name, reproducible=False)
        failure = _build(installer, attempt, name, answer["path"], sources, built, tools)
        if failure is not None:
            return failure
    return None


def _fetch(
    installer: Installer, attempt: Attempt, names: list[str], sources: Path, tools: str, round_number: int
) -> dict[str, dict[str, str]]:
    sandbox = attempt.bench.sandbox
    mount = sandbox.mount(sources, "/sources", writable=True)
    declared = _declared(installer.pyproject)
    spec = {
        "uv": sandbox.uv,
        "python": sandbox.python,
        "folder": mount.target,
        "as_of": installer.as_of_text,
        "build_environment": installer.path(ENVIRONMENTS, tools),
        "wanted": {name: declared.get(canonicalize_name(name), "") for name in names},
    }
    attempt.run(
        [
            *(sandbox.uv, "run", "--no-project", "--with", "packaging", "--python", sandbox.python, "python"),
            attempt.tool("fetch_sources.py"),
            attempt.hand_in("sources.json", spec),
            attempt.awaited("fetched.json"),
        ],
        wall_seconds=attempt.bench.settings.limits.environment_wall_seconds,
        environment=installer.variables(),
        mounts=[installer.store_mount, mount],
        network=Network.INDEX,
        record=f"sources-{round_number}",
    )
    answers: dict[str, dict[str, str]] = json.loads(attempt.handed_out("fetched.json") or "{}")
    return answers


def _build(
    installer: Installer, attempt: Attempt, name: str, archive: str, sources: Path, built: Path, tools: str
) -> PackagingFailure | None:
    """Run the package's own build without network; whatever it runs cannot reach our caches."""
    sandbox = attempt.bench.sandbox
    out = sandbox.mount(built, "/built", writable=True)
    tools_mount = sandbox.mount(installer.store / ENVIRONMENTS / tools, installer.path(ENVIRONMENTS, tools))
    command = [
        *(sandbox.uv, "build", "--wheel", "--offline", "--no-build-isolation", "--no-config"),
        *("--python", f"{tools_mount.target}/bin/python", "--out-dir", out.target, archive),
    ]
    outcome = attempt.run(
        command,
        wall_seconds=attempt.bench.settings.limits.environment_wall_seconds,
        environment={"UV_CACHE_DIR": "/tmp/uv-cache", "UV_PYTHON_DOWNLOADS": "never"},
        mounts=[sandbox.mount(sources, "/sources"), out, tools_mount],
        record=f"build-{name}",
    )
    if outcome.exit_code != 0:
        message = words_of_uv((attempt.record / f"build-{name}" / "stderr.txt").read_text("utf-8", "replace"))
        # Another machine may have the compiler, the headers or the CUDA tools that this build wants.
        return PackagingFailure(step="install", message=message, package=name, reproducible=False)
    for wheel in sorted(built.glob("*.whl")):
        if _is_wheel_of(wheel.name, name) and not wheel.is_symlink() and wheel.stat().st_size < MAX_WHEEL_MB << 20:
            shutil.copyfile(wheel, installer.wheelhouse / wheel.name)
    return None


def _is_wheel_of(filename: str, name: str) -> bool:
    try:
        return parse_wheel_filename(filename)[0] == canonicalize_name(name)
    except InvalidWheelFilename:
        return False


def _declared(pyproject: str) -> dict[str, str]:
    """Version specifiers of the project's direct dependencies."""
    found: dict[str, str] = {}
    for word in declared_dependencies(pyproject):
        try:
            requirement = Requirement(word)
        except InvalidRequirement:
            continue
        found[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return found
