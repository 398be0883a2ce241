"""Packages that exist only as source archives: fetched beside the installer, built in a sandbox without network."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping
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
BUILT = "built-wheels"
"""Below the store: wheels of packages that have source archives only, one folder for each archive."""


def offer_built(installer: Installer) -> None:
    """Put the wheels that earlier reviews built into the wheelhouse, but for what is newer than the review's date.

    Nearly every submission uses Hydra, which wants an antlr that has no wheel.
    """
    for about in sorted((installer.store / BUILT).glob("*/about.json")):
        with contextlib.suppress(OSError, ValueError):
            published = json.loads(about.read_text("utf-8"))["published"]
            if installer.as_of_text is None or (published and published <= installer.as_of_text):
                for wheel in about.parent.glob("*.whl"):
                    shutil.copyfile(wheel, installer.wheelhouse / wheel.name)


def build_from_source(
    installer: Installer, attempt: Attempt, wanted: Mapping[str, str], round_number: int
) -> tuple[list[str], PackagingFailure | None]:
    """Put a wheel of each wanted package (name -> range, "" where it is not known) into the installer's wheelhouse.

    Returns the packages that have one now, and the first failure, which ends it. A package of which the index has no
    source archive in a known range is neither.
    """
    sources = attempt.folder(f"sources-{round_number}")
    built = attempt.folder(f"built-{round_number}")
    tools = f"{installer.name}-sources-{round_number}"
    archives = _fetch(installer, attempt, wanted, sources, tools, round_number)
    done: list[str] = []
    for name in wanted:
        answer = archives.get(name, {"error": "the index could not be asked"})
        if "absent" in answer and wanted[name]:
            continue  # the resolution went around it for another reason
        if problem := answer.get("error") or answer.get("absent"):
            return done, PackagingFailure(step="download", message=problem, package=name, reproducible=False)
        wheel, failure = _build(installer, attempt, name, answer["path"], sources, built, tools)
        if failure is not None:
            return done, failure
        if wheel is not None:
            _keep(installer, wheel, answer)
            done.append(name)
    return done, None


def _keep(installer: Installer, wheel: Path, answer: Mapping[str, str]) -> None:
    """Keep a wheel for later reviews: what a source archive's own build makes of it, without network, is its wheel."""
    tag = "-".join(wheel.stem.split("-")[-3:])
    kept = installer.store / BUILT / f"{answer['digest'][:32]}-{tag}"
    draft = kept.with_name(f".{installer.name}-{kept.name}")
    draft.mkdir(parents=True)
    shutil.copyfile(wheel, draft / wheel.name)
    (draft / "about.json").write_text(json.dumps({"published": answer["published"]}), encoding="utf-8")
    try:
        draft.rename(kept)
    except OSError:  # another review was faster
        shutil.rmtree(draft)


def _fetch(
    installer: Installer,
    attempt: Attempt,
    wanted: Mapping[str, str],
    sources: Path,
    tools: str,
    round_number: int,
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
        "wanted": {name: known or declared.get(canonicalize_name(name), "") for name, known in wanted.items()},
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
) -> tuple[Path | None, PackagingFailure | None]:
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
        return None, PackagingFailure(step="install", message=message, package=name, reproducible=False)
    for wheel in sorted(built.glob("*.whl")):
        if _is_wheel_of(wheel.name, name) and not wheel.is_symlink() and wheel.stat().st_size < MAX_WHEEL_MB << 20:
            return Path(shutil.copyfile(wheel, installer.wheelhouse / wheel.name)), None
    return None, None


def names_of_wheels(folder: Path) -> set[str]:
    """The canonical names of the packages of which a folder has wheels."""
    return {canonicalize_name(path.name.partition("-")[0]) for path in folder.glob("*.whl")}


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
