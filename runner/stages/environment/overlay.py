"""The [tool.uv] overlay: what this machine needs, added to the sandbox's copy of pyproject.toml alone."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import tomlkit
from packaging.tags import cpython_tags, platform_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from runner.source_text import toml_table, without_mark

_TORCH_FAMILY = ("torch", "torchvision", "torchaudio")
_CPU_INDEX = "torch-cpu"


@dataclass(frozen=True)
class TorchChoice:
    """What stands in for the torch that the project would resolve to."""

    label: str
    """For the record: "resolved", "2.13.0 from a local wheel", …"""
    pin: str | None = None
    """Version to pin, None to leave it open."""
    index: str | None = None
    """Index of CPU builds, None for the usual one."""

    @property
    def replaces(self) -> bool:
        """Whether the project gets another torch than it resolves to."""
        return self.pin is not None or self.index is not None


def choose_torch(wanted: str, gpus: int, wheels: Path | None, index: str) -> TorchChoice:
    """Decide which torch is installed; see env.torch in conf/env/default.yaml."""
    if wanted == "default":
        wanted = "auto" if gpus else "cpu"
    if wanted == "auto":
        return TorchChoice("as resolved")
    if wanted != "cpu":
        return TorchChoice(f"{wanted} (env.torch)", pin=wanted)
    local = newest_local_torch(wheels)
    if local:
        return TorchChoice(f"{local} from a local wheel", pin=local)
    return TorchChoice("CPU build from env.torch_index", index=index)


def newest_local_torch(wheels: Path | None, python: tuple[int, int] = (3, 11)) -> str | None:
    """Public version of the newest torch wheel in `wheels` that fits Python `python` on this platform."""
    if wheels is None:
        return None
    fitting = set(cpython_tags(python_version=python, platforms=list(platform_tags())))
    found: list[Version] = []
    for path in wheels.glob("torch-*.whl"):
        try:
            _, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        if tags & fitting:
            found.append(version)
    return max(found).public if found else None


def overlay(
    text: str,
    *,
    torch: TorchChoice,
    as_of: datetime | None,
    find_links: Sequence[str],
    python: str = "3.11",
) -> str:
    """Return pyproject.toml with the overlay, or unchanged where it is not TOML (uv will say so itself).

    Lines of the original keep their numbers wherever it has no [tool.uv] of its own.
    """
    if toml_table(text) is None:
        return text
    try:
        document = tomlkit.parse(without_mark(text))
        uv = _uv_table(document)
    except (tomlkit.exceptions.TOMLKitError, TypeError, AttributeError):
        return text
    major, minor = python.split(".")
    uv["environments"] = [
        f"sys_platform == 'linux' and platform_machine == '{platform.machine()}' "
        f"and python_full_version >= '{python}' and python_full_version < '{major}.{int(minor) + 1}'"
    ]
    if as_of is not None:
        uv["exclude-newer"] = as_of.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if find_links:
        uv["find-links"] = [*uv.get("find-links", []), *find_links]
    _place_torch(uv, torch)
    return tomlkit.dumps(document)


def _uv_table(document: tomlkit.TOMLDocument) -> Any:
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    uv = tool.setdefault("uv", tomlkit.table())
    if not isinstance(uv, Mapping):
        raise TypeError("tool.uv is not a table")
    return uv


def _place_torch(uv: Any, torch: TorchChoice) -> None:
    if torch.pin is None and torch.index is None:
        return
    # The project's own choice of a CUDA index for torch would win over the pin.
    sources = uv.get("sources", {})
    for name in _TORCH_FAMILY:
        sources.pop(name, None)
    kept = [word for word in uv.get("override-dependencies", []) if _requirement_name(word) != "torch"]
    # Without an override, uv applies a source to direct dependencies only; torch often comes through another package.
    uv["override-dependencies"] = [*kept, f"torch=={torch.pin}" if torch.pin else "torch"]
    if torch.index is not None:
        index = tomlkit.table()
        index.update({"name": _CPU_INDEX, "url": torch.index, "explicit": True})
        uv.setdefault("index", tomlkit.aot()).append(index)
        uv["sources"] = {**sources, **{name: {"index": _CPU_INDEX} for name in _TORCH_FAMILY}}
        # Indexes of wheels alone publish no upload dates, and uv leaves out what has none.
        uv["exclude-newer-package"] = dict.fromkeys(_TORCH_FAMILY, False)


def _requirement_name(requirement: str) -> str:
    found = re.match(r"\s*([A-Za-z0-9._-]+)", requirement)
    return found.group(1).lower() if found else ""
