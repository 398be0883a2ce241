"""The key of a result: digests of everything that was run. Two reviews with one key have run the same.

Names are no part of it: a submission that is called otherwise today, or came in another form, has the same key.
"""

from __future__ import annotations

import hashlib
import json
import platform
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

import images
import runner
import sandbox
from runner.settings import Settings
from runner.submissions.model import Submission
from sandbox.assets import AssetStore
from sandbox.mirror import Mirror
from sandbox.protocol import Sandbox

_NOT_IN_KEY = {"cache_dir": True, "backend": True, "env": {"find_links"}, "assets": {"mirror"}}
"""Settings that say where things lie; what lies there is in the key."""


class Surroundings(BaseModel):
    """What all reviews of a night share, as digests; the machine on which they run knows them."""

    model_config = ConfigDict(frozen=True)

    environment: str
    """Installer, Python, architecture, folder of wheels."""
    image: str
    """Backend, isolation, and the digest of its image where it has one."""
    assets: str
    """Stand-ins, and what the mirror holds."""
    program: str
    """Version of the program, and its source: a checkout changes without its version."""
    day: str
    """UTC date. It is in the key of what depends on the day: packages as of now, assets from the network."""


class Key(BaseModel):
    """The parts of a result's key, each a SHA-256 in hexadecimal; `digest` is all of them."""

    model_config = ConfigDict(frozen=True)

    submission: str
    environment: str
    image: str
    assets: str
    settings: str
    """Budget, limits, severities, stages, run ids, date of the packages."""
    program: str

    @property
    def digest(self) -> str:
        return _digest(self.model_dump())


def surroundings(settings: Settings, backend: Sandbox) -> Surroundings:
    """The digests of this machine. Takes about a second."""
    return Surroundings(
        environment=_environment(settings, backend),
        image=_digest([dict(backend.describe()), _image(backend)]),
        assets=_assets(settings),
        program=program_digest(),
        day=datetime.now(UTC).date().isoformat(),
    )


def key_of(submission: Submission, settings: Settings, around: Surroundings) -> Key:
    """The key of one review."""
    as_of = settings.env.as_of(submission.created_at)
    return Key(
        # The date decides which packages there are; what else is told of a submission is read by rules.
        submission=_digest([submission.digest, submission.model_dump(mode="json", include=_TOLD)]),
        environment=_digest([around.environment, as_of.isoformat() if as_of else around.day]),
        image=around.image,
        assets=_digest([around.assets, around.day if settings.assets.kind == "live" else ""]),
        settings=_digest(settings.model_dump(mode="json", exclude=_NOT_IN_KEY)),  # type: ignore[arg-type]
        program=around.program,
    )


_TOLD = {"runs", "run_config_dir", "hypothesis", "instructions", "review", "skipped"}


@cache
def program_digest() -> str:
    """Of the version and of every file of the installed packages."""
    state = hashlib.sha256(runner.__version__.encode())
    for package in (runner, sandbox, images):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                state.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return state.hexdigest()


def _environment(settings: Settings, backend: Sandbox) -> str:
    folder = settings.env.wheel_folder()
    wheels = sorted((path.name, path.stat().st_size) for path in folder.glob("*.whl")) if folder else []
    python = platform.python_version() if backend.isolation == "not isolated" else ""
    return _digest([metadata.version("uv"), python, platform.machine(), wheels])


def _image(backend: Sandbox) -> str:
    """The engine's digest of the image; "" for a backend without one."""
    name, client = getattr(backend, "image", None), getattr(backend, "client", None)
    return str(client.api.inspect_image(name)["Id"]) if name and client else ""


def _assets(settings: Settings) -> str:
    mirror = Mirror(settings.mirror())
    held = sorted((asset.kind, asset.id, mirror.fingerprint(asset)) for asset in mirror.assets())
    return _digest([settings.assets.kind, AssetStore(settings.cache() / "assets").digest, held])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
