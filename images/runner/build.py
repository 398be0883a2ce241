"""The image of the program itself. `python -m images.runner.build` builds it and prints its name.

Its packages are installed on this machine and copied in, so that building needs no registry and no network.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from images.build import ensure_image
from sandbox.errors import InfrastructureError

REPOSITORY = "sandbox-review-runner"
PYTHON = "3.11"
"""Of the sandboxes' image."""
_PACKAGES = ("runner", "sandbox", "images")


def build_runner_image(client: Any, source: str, base: str | None = None) -> str:
    """Build the image of what `source` is (a checkout or a wheel), and return its name.

    `client` is a `docker.DockerClient`; `base`: the sandboxes' image where it is not to be found or made. Raises
    InfrastructureError with the last words of what failed.
    """
    from docker.errors import APIError, BuildError

    with tempfile.TemporaryDirectory(prefix="sandbox-review-runner-") as scratch:
        context = Path(scratch)
        site = context / "site"
        _install(source, site)
        (site / "digest").write_text(_digest(site))
        for name in ("Dockerfile", "entrypoint"):
            (context / name).write_bytes((resources.files("images.runner") / name).read_bytes())
        name = f"{REPOSITORY}:{metadata.version('sandbox-review')}-{_digest(site)}"
        arguments = {"BASE_IMAGE": base or ensure_image(client)}
        try:
            client.images.build(path=str(context), tag=name, buildargs=arguments, rm=True, forcerm=True)
        except BuildError as error:
            log = "".join(str(word.get("stream", "")) for word in error.build_log)
            tail = "\n".join(log.splitlines()[-8:])
            raise InfrastructureError(f"building the runner's image failed: {error}\n{tail}") from error
        except APIError as error:
            raise InfrastructureError(f"building the runner's image failed: {error}") from error
    return name


def _install(source: str, site: Path) -> None:
    import uv

    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", str(site), "--python-version", PYTHON, source]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise InfrastructureError(f"installing {source} failed:\n{ran.stderr.strip()[-2000:]}")


def _digest(site: Path) -> str:
    """Of the program's own files: what two images have in common may be shared by them."""
    found = hashlib.sha256()
    for package in _PACKAGES:
        for path in sorted((site / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(path.relative_to(site).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def main() -> int:
    import docker

    parser = argparse.ArgumentParser(prog="python -m images.runner.build", description=__doc__)
    parser.add_argument("source", nargs="?", default=".", help="a checkout or a wheel (default: this folder)")
    parser.add_argument("--base", help="build on this image instead of the sandboxes'")
    arguments = parser.parse_args()
    try:
        print(build_runner_image(docker.from_env(timeout=600), arguments.source, arguments.base))
    except (InfrastructureError, docker.errors.DockerException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
