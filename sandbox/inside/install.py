"""Resolves and installs a project with uv, wheels only. Runs in the one sandbox that has a network.

No code of the submission runs here: uv reads pyproject.toml and unpacks wheels. Standard library only.
Usage: python install.py SPEC.json RESULT.json
"""

import compileall
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_SWITCH = """\
import os, sys; site = os.environ.get("SANDBOX_REVIEW_SITE", ""); \
sys.flags.isolated or site in sys.path or not os.path.isfile(site + "/sitecustomize.py") or sys.path.insert(0, site)
"""
"""A line of a .pth file, which Python runs before it imports sitecustomize."""


_SEARCHED = re.compile(
    r"^DEBUG (?:Selecting: "
    r"|Searching for a compatible version of (?P<name>[\w.-]+)(?:[\[{].*)? \((?P<range>[^)]*)\)$)",
    re.MULTILINE,
)
"""What a resolution's log says of a search, and of the version that it found."""


def main(spec_path, result_path):
    """Work through the specification; stop at the first step that fails. Always writes the result."""
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    result = {"steps": [], "python": ".".join(map(str, sys.version_info[:3])), "packages": {}, "modules": []}
    result["unavailable"] = {}
    try:
        if _sync(spec, result) and _build_environment(spec, result):
            _compile_new_wheels(Path(spec["cache"]), Path(spec["compiled"]))
            site_packages = _site_packages(Path(spec["environment"]))
            result["site_packages"] = str(site_packages)
            add_switch(site_packages)
            result["packages"], result["modules"] = _inventory(site_packages)
    finally:
        Path(result_path).write_text(json.dumps(result), encoding="utf-8")


def add_switch(site_packages):
    """Let Python find what accompanies an experiment where PYTHONPATH does not lead there any more.

    Code that starts its own training script often sets PYTHONPATH for it. Isolated interpreters are left alone, and so
    is everything outside of a stage, which does not have the variable.
    """
    (site_packages / "sandbox_review.pth").write_text(_SWITCH, encoding="utf-8")


def _sync(spec, result):
    project, lock = Path(spec["project"]), Path(spec["lock"])
    locked = lock.is_file()
    if locked:
        shutil.copyfile(lock, project / "uv.lock")
    if not locked:
        result["unavailable"] = _resolve(spec, project)
    command = [spec["uv"], "sync", "--no-build", "--no-install-project", "--python", spec["python"]]
    command += ["--frozen"] if locked else []
    done = _step(result, "sync", command, cwd=project, environment=spec["environment"])
    # Of a resolution that went around a package, the next one is to say so again.
    if done and not locked and not result["unavailable"] and (project / "uv.lock").is_file():
        lock.parent.mkdir(parents=True, exist_ok=True)
        draft = lock.with_suffix(f".{os.getpid()}")
        shutil.copyfile(project / "uv.lock", draft)
        draft.replace(lock)
    return done


def _resolve(spec, project):
    """Lock the project; returns the packages, with their ranges, of which no version could be had.

    Such as have source archives only are among them. Where nothing is built, uv goes around these without a word, to
    versions that it would not choose otherwise: to a pre-release of hydra-core, as its releases want an antlr that has
    no wheel. Its failures are told by the step behind, which fails again.
    """
    command = [spec["uv"], "lock", "--verbose", "--no-build", "--python", spec["python"]]
    variables = dict(os.environ, UV_NO_PROGRESS="1", UV_PYTHON_DOWNLOADS="never")
    done = subprocess.run(
        command, cwd=project, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return unavailable(done.stderr.decode("utf-8", "replace")) if done.returncode == 0 else {}


def unavailable(log):
    """Package -> the range that a resolution's log searches, narrower and narrower, without selecting a version."""
    found = {}
    searched = None
    for line in _SEARCHED.finditer(log):
        if line["name"] is None:  # a version was selected
            searched = None
        elif searched is None or searched["name"] != line["name"]:
            if searched is not None:
                found.setdefault(searched["name"], searched["range"])
            searched = line
    if searched is not None:
        found.setdefault(searched["name"], searched["range"])
    return found


def _build_environment(spec, result):
    """The build backend and what it needs, so that the project's own build can later run without network."""
    requirements = spec["build_requires"]
    if not requirements:
        return True
    target = spec["build_environment"]
    as_of = ["--exclude-newer", spec["as_of"]] if spec["as_of"] else []
    # Cleared: an earlier round may have made it, before packages had to be built.
    make = [spec["uv"], "venv", "--clear", "--python", spec["python"], target]
    install = [
        spec["uv"],
        "pip",
        "install",
        "--no-build",
        *as_of,
        "--python",
        f"{target}/bin/python",
        *requirements,
    ]
    here = spec["project"]
    return _step(result, "build-venv", make, cwd=here) and _step(result, "build-dependency", install, cwd=here)


def _step(result, name, command, cwd, environment=None):
    variables = dict(os.environ, UV_NO_PROGRESS="1", UV_PYTHON_DOWNLOADS="never")
    if environment:
        variables["UV_PROJECT_ENVIRONMENT"] = environment
    done = subprocess.run(command, cwd=cwd, env=variables, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    stderr = done.stderr.decode("utf-8", "replace")
    sys.stderr.write(stderr)
    result["steps"].append({"name": name, "exit_code": done.returncode, "stderr": stderr[-20000:]})
    return done.returncode == 0


def _compile_new_wheels(cache, compiled):
    """Compile each unpacked wheel in uv's cache once.

    uv hard-links whatever lies in an unpacked wheel, so every later environment gets the bytecode for nothing:
    torch with transformers imports in 2.3 s instead of 4.8 s, and linking 14,000 files costs 0.5 s, not 15 s.
    """
    tag = sys.implementation.cache_tag
    done = compiled / tag
    done.mkdir(parents=True, exist_ok=True)
    for wheel in sorted((cache / "archive-v0").glob("*")):
        marker = done / wheel.name
        if wheel.is_dir() and not marker.exists():
            compileall.compile_dir(str(wheel), quiet=2, workers=0)
            marker.touch()


def _site_packages(environment):
    return next(iter(sorted((environment / "lib").glob("python3*/site-packages"))))


def _inventory(site_packages):
    packages, modules = {}, set()
    for entry in sorted(site_packages.iterdir()):
        name = entry.name
        if name.endswith(".dist-info"):
            fields = _metadata(entry / "METADATA")
            packages[fields.get("Name", name)] = fields.get("Version", "")
        elif name.endswith((".py", ".so")):
            modules.add(name.split(".")[0])
        elif entry.is_dir() and name.isidentifier() and name != "__pycache__":
            modules.add(name)
    return packages, sorted(modules)


def _metadata(path):
    fields = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip():
                break
            key, _, value = line.partition(":")
            fields.setdefault(key, value.strip())
    return fields


if __name__ == "__main__":
    main(*sys.argv[1:3])
