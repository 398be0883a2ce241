"""Folders of one review below the cache, named so that a later start can tell whose review is gone."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from sandbox import owner

SCRATCH = "scratch"
ENVIRONMENTS = "environments"


def owned_name(what: str) -> str:
    """A new name that begins with the token of this program."""
    return f"{owner.current().token}-{what}-{uuid.uuid4().hex[:8]}"


def remove_leftovers(cache: Path) -> list[str]:
    """Remove scratch folders and environments whose program is gone; returns their names.

    A program that was killed could not do so itself. What cannot be told stays.
    """
    removed = []
    for folder in (cache / SCRATCH, *cache.glob(f"uv-*/{ENVIRONMENTS}")):
        for path in sorted(folder.glob("*")):
            whose = owner.parse(path.name)
            if whose is not None and whose.is_gone():
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path.name)
    return removed
