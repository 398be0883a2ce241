"""A base image without a registry: Debian's packages by debootstrap, handed to the engine with `docker import`."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from sandbox.errors import InfrastructureError

logger = logging.getLogger(__name__)
SUITE = "bookworm"
"""The Debian release whose Python is 3.11."""
PACKAGES = ("ca-certificates", "g++", "gcc", "make", "python3", "python3-dev", "python3-venv")
SURPLUS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/lib/apt/lists", "var/cache/apt")
DEFAULT_MIRROR = "http://deb.debian.org/debian"
REPOSITORY = "sandbox-review-base"


def tag() -> str:
    """The image's name; its tag is a digest of what goes in."""
    inputs = repr((SUITE, PACKAGES, SURPLUS))
    return f"{REPOSITORY}:{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"


def why_not() -> str:
    """What keeps `make_base` from working here; "" if nothing does."""
    if shutil.which("debootstrap") is None:
        return "debootstrap is not installed"
    if os.getuid() != 0:
        return "debootstrap needs root"
    return ""


def make_base(client: Any, mirror: str = "") -> str:
    """Build the base image (about a minute, 100 MB of packages); returns its name.

    `client` is a `docker.DockerClient`. Raises InfrastructureError with debootstrap's last words.
    """
    problem = why_not()
    if problem:
        raise InfrastructureError(f"the base image cannot be built from Debian's packages: {problem}")
    mirror = mirror or host_mirror()
    logger.info("making the image's base of Debian's packages from %s; this takes about a minute", mirror)
    with tempfile.TemporaryDirectory(prefix="sandbox-review-base-") as folder:
        root = Path(folder) / "root"
        _debootstrap(root, mirror)
        for name in SURPLUS:
            shutil.rmtree(root / name, ignore_errors=True)
        archive = Path(folder) / "base.tar"
        # The host's tar, not Python's: it keeps owners, links and device files, and is several times faster.
        subprocess.run(["tar", "-C", str(root), "-cf", str(archive), "."], check=True)
        repository, version = tag().split(":")
        client.api.import_image_from_file(str(archive), repository=repository, tag=version)
    return tag()


def _debootstrap(root: Path, mirror: str) -> None:
    packages = f"--include={','.join(PACKAGES)}"
    command = ["debootstrap", "--variant=minbase", packages, SUITE, str(root), mirror]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"debootstrap from {mirror} took over 20 minutes") from error
    if done.returncode != 0:
        words = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise InfrastructureError(f"debootstrap from {mirror} failed:\n{words}")


def host_mirror(apt: Path = Path("/etc/apt")) -> str:
    """The Debian mirror this host installs from, if it is a Debian with one, else Debian's own."""
    sources = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for source in sources:
        if source.suffix not in (".list", ".sources") or not source.is_file():
            continue
        for line in source.read_text(errors="replace").splitlines():
            found = re.match(r"(?:deb\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(https?://\S+/debian/?)(?:\s|$)", line.strip())
            if found:
                return found[1]
    return DEFAULT_MIRROR
