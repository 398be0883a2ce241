"""The image that sandboxes run: found by the digest of its inputs, or built. `python -m images.build` builds it."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from images import base_image
from sandbox import folder
from sandbox.errors import InfrastructureError

logger = logging.getLogger(__name__)
REPOSITORY = "sandbox-review"
PUBLIC_BASES = ("debian:bookworm-slim", "python:3.11-slim-bookworm")
PULL_SECONDS = 20
"""A registry that says nothing for so long is taken for unreachable."""


def ensure_image(client: Any, base: str | None = None) -> str:
    """Name of an image that is there, built if need be (seconds; about a minute if the base must be made too).

    `client` is a `docker.DockerClient`. Without `base`: one made of Debian's packages earlier, else a public image
    if a registry answers, else one is made of Debian's packages. Raises InfrastructureError that says what each
    way lacked.
    """
    bases = [base] if base else [base_image.tag(), *PUBLIC_BASES]
    found = find_image(client, bases)
    if found:
        return found
    with _one_at_a_time():
        logger.info("building the sandbox image; this happens once")
        return find_image(client, bases) or _build(client, base or _get_base(client))


def image_name(base: str) -> str:
    """The name of the image built on `base`; its tag is a digest of the Dockerfile, the base and uv's version."""
    inputs = "\0".join((_dockerfile(), base, metadata.version("uv")))
    return f"{REPOSITORY}:{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"


def _dockerfile() -> str:
    return (resources.files("images") / "Dockerfile").read_text()


def find_image(client: Any, bases: Sequence[str]) -> str | None:
    """Name of an image that was built on one of the bases earlier; None if there is none."""
    return next((image_name(base) for base in bases if image_exists(client, image_name(base))), None)


def image_exists(client: Any, name: str) -> bool:
    """Whether the engine has this image, without asking any registry."""
    from docker.errors import ImageNotFound

    try:
        client.api.inspect_image(name)
    except ImageNotFound:
        return False
    return True


def _get_base(client: Any) -> str:
    made = base_image.tag()
    if image_exists(client, made):
        return made
    local = next((name for name in PUBLIC_BASES if image_exists(client, name)), None)
    if local:
        return local
    problems = []
    for name in PUBLIC_BASES:
        problem = _pull(name)
        if not problem:
            return name
        problems.append(f"- pulling {name}: {problem}")
    if not base_image.why_not():
        return base_image.make_base(client)
    problems.append(f"- making one of Debian's packages: {base_image.why_not()}")
    raise InfrastructureError("there is no base image for the sandbox:\n" + "\n".join(problems))


def _pull(name: str) -> str:
    """Pull an image; "" if that worked, else why not."""
    import docker

    impatient = docker.from_env(timeout=PULL_SECONDS).api
    repository, version = name.split(":")
    try:
        for word in impatient.pull(repository, version, stream=True, decode=True):
            if "error" in word:
                return str(word["error"])
    except Exception as error:  # the SDK lets requests' and urllib3's exceptions through
        return str(error)
    return ""


def _build(client: Any, base: str) -> str:
    """Build the image on `base`. Raises InfrastructureError with the build's last words."""
    import uv
    from docker.errors import APIError, BuildError

    name = image_name(base)
    with tempfile.TemporaryDirectory(prefix="sandbox-review-image-") as context:
        (Path(context) / "Dockerfile").write_text(_dockerfile())
        shutil.copy2(uv.find_uv_bin(), Path(context) / "uv")
        try:
            client.images.build(path=context, tag=name, buildargs={"BASE_IMAGE": base}, rm=True, forcerm=True)
        except BuildError as error:
            log = "".join(str(word.get("stream", "")) for word in error.build_log)
            tail = "\n".join(log.splitlines()[-8:])
            raise InfrastructureError(f"building the sandbox image on {base} failed: {error}\n{tail}") from error
        except APIError as error:
            raise InfrastructureError(f"building the sandbox image on {base} failed: {error}") from error
    return name


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Reviews that start together must not build the same image side by side."""
    with (folder.parent() / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    import docker

    parser = argparse.ArgumentParser(prog="python -m images.build", description=__doc__)
    parser.add_argument("--base", help="build on this image instead of one that is found or made")
    parser.add_argument("--base-only", action="store_true", help="only make the base of Debian's packages")
    arguments = parser.parse_args()
    try:
        client = docker.from_env(timeout=600)
        print(base_image.make_base(client) if arguments.base_only else ensure_image(client, arguments.base))
    except (InfrastructureError, docker.errors.DockerException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
