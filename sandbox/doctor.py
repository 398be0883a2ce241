"""What this machine can do for sandboxes, and what is missing: facts for the `doctor` command to print."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import cgroups
from sandbox.errors import InfrastructureError

NEEDED_GB = 20
"""Free disk below which a review with a torch environment may not fit."""
RUNSC_ARGUMENTS = '["--platform=ptrace", "--network=none", "--ignore-cgroups", "--fsgofer-host-uds"]'


@dataclass(frozen=True)
class Check:
    """One fact about this machine."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do where `ok` is false; "" where nothing has to be done."""
    needed: bool = False
    """Whether a review cannot run without it. Of the backends, one is enough; see the check `sandbox`."""


def examine() -> list[Check]:
    """Look at everything; takes a few seconds, builds nothing, pulls nothing, raises nothing."""
    client, engine = _engine()
    bubblewrap = _guard("bubblewrap", _bubblewrap)
    return [
        _sandbox(engine.ok, bubblewrap.ok),
        engine,
        *([_image(client), _gvisor(client)] if client is not None else []),
        bubblewrap,
        _guard("control groups", _control_groups),
        _guard("debootstrap", _debootstrap),
        _guard("gpu", lambda: _gpu(client)),
        _guard("uv", _uv),
        _guard("disk", _disk),
        _python(),
    ]


def _guard(name: str, check: Callable[[], Check]) -> Check:
    """A check that fails itself is a finding about the machine, too."""
    try:
        return check()
    except (OSError, subprocess.SubprocessError, InfrastructureError) as error:
        return Check(name, False, str(error))


def _sandbox(docker: bool, bubblewrap: bool) -> Check:
    best = "docker" if docker else "bubblewrap" if bubblewrap else ""
    advice = "" if best else "install Docker or bubblewrap (see below), or run without isolation: backend=process"
    return Check("sandbox", bool(best), f"backend=auto takes {best}" if best else "no backend", advice, needed=True)


def _engine() -> tuple[Any, Check]:
    from sandbox.backends.docker import connect

    try:
        client = connect()
        info = client.info()
    except Exception as error:  # a broken engine answers in many ways
        advice = "install and start Docker's engine (Debian: docker.io), or add this user to the group `docker`"
        return None, Check("docker engine", False, str(error), advice)
    runtimes = ", ".join(sorted(info.get("Runtimes", {})))
    limits = [name for name in ("MemoryLimit", "SwapLimit", "PidsLimit", "CpuCfsQuota") if not info.get(name)]
    detail = f"{info.get('ServerVersion')}, {info.get('Driver')}, cgroup v{info.get('CgroupVersion', '1')}; {runtimes}"
    advice = f"the engine cannot enforce: {', '.join(limits)}" if limits else ""
    return client, Check("docker engine", True, detail, advice)


def _image(client: Any) -> Check:
    from images import base_image
    from images.build import PUBLIC_BASES, find_image

    name = find_image(client, [base_image.tag(), *PUBLIC_BASES])
    if name is None:
        return Check(
            "sandbox image", False, "not built yet", "it is built at the first review, or now: python -m images.build"
        )
    size = client.api.inspect_image(name)["Size"] / 1e6
    return Check("sandbox image", True, f"{name}, {size:.0f} MB")


def _gvisor(client: Any) -> Check:
    """Advice for the 2022 build that Debian 12 packages, found out by trying."""
    if "runsc" in client.info().get("Runtimes", {}):
        detail = "registered (backend.runtime=runsc); memory is limited by the watchdog, processes are not"
        return Check("gvisor", True, detail)
    advice = f'to use it, put {{"runtimes": {{"runsc": {{"path": "{shutil.which("runsc") or "/usr/bin/runsc"}", '
    advice += f'"runtimeArgs": {RUNSC_ARGUMENTS}}}}}}} into /etc/docker/daemon.json and send dockerd a SIGHUP'
    if shutil.which("runsc") is None:
        return Check("gvisor", False, "runsc is not installed (optional)", f"install the package runsc; {advice}")
    return Check("gvisor", False, "runsc is installed but not registered with the engine (optional)", advice)


def _bubblewrap() -> Check:
    from sandbox.backends import bwrap_program

    try:
        program = bwrap_program.find_bwrap()
    except InfrastructureError as error:
        return Check("bubblewrap", False, str(error), "install the package bubblewrap and allow user namespaces")
    return Check("bubblewrap", True, f"{bwrap_program.version(program)}, a trial sandbox ran")


def _control_groups() -> Check:
    kind = "v2" if (cgroups.ROOT / "cgroup.controllers").is_file() else "v1"
    if cgroups.allowed():
        return Check("control groups", True, f"{kind}, groups can be made here")
    advice = "bubblewrap and process then limit memory and processes by the watchdog, a quarter second late"
    return Check("control groups", False, f"{kind}, groups cannot be made by this user", advice)


def _debootstrap() -> Check:
    from images.base_image import why_not

    problem = why_not()
    advice = "only needed to build the image where no registry answers" if problem else ""
    return Check("debootstrap", not problem, problem or "can build the image's base without a registry", advice)


def _gpu(client: Any) -> Check:
    """Whether the host sees one, and whether a container would."""
    if not Path("/dev/nvidiactl").exists():
        return Check("gpu", False, "none (no /dev/nvidiactl)", "reviews run on the CPU")
    program = shutil.which("nvidia-smi")
    if program is None:
        return Check("gpu", False, "a device is there, but no nvidia-smi", "install the driver's user-space programs")
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        return Check("gpu", False, (done.stdout + done.stderr).strip(), "the driver does not answer")
    detail = "; ".join(done.stdout.strip().splitlines())
    if client is not None and "nvidia" not in client.info().get("Runtimes", {}):
        advice = "docker cannot hand it to a container: install nvidia-container-toolkit and register its runtime"
        return Check("gpu", True, detail, advice)
    return Check("gpu", True, detail)


def _uv() -> Check:
    import uv

    try:
        program = uv.find_uv_bin()
    except FileNotFoundError as error:
        return Check("uv", False, str(error), "reinstall sandbox-review: its dependency uv brings the program", True)
    done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30)
    return Check("uv", done.returncode == 0, done.stdout.strip() or done.stderr.strip(), needed=True)


def _disk() -> Check:
    places = {"temporary files": tempfile.gettempdir(), "home": str(Path.home()), "docker": "/var/lib/docker"}
    free = {name: shutil.disk_usage(path).free / 1e9 for name, path in places.items() if os.access(path, os.X_OK)}
    detail = ", ".join(f"{name} {free_gb:.0f} GB free" for name, free_gb in free.items())
    low = [name for name, free_gb in free.items() if free_gb < NEEDED_GB]
    advice = f"under {NEEDED_GB} GB: {', '.join(low)}; a torch environment with its cache takes about 10" if low else ""
    return Check("disk", not low, detail, advice)


def _python() -> Check:
    detail = f"{platform.python_version()} ({sys.executable}), {platform.system()} {platform.release()}"
    return Check("python", sys.version_info >= (3, 11), detail, needed=True)
