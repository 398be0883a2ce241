"""What is said of an asset that could not be served: which, why, and how to add it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from images.catalogue import Catalogue

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[\w.-]{1,96})?")
KIND_OPTION = {"model": "", "dataset": " --kind dataset", "metric": " --kind metric"}


class Named(Protocol):
    """A request or an asset of a review."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...


def how_to_add(assets: Iterable[Named]) -> str:
    """The commands, for whoever runs reviews; at most three are spelled out. "" where nothing can be added.

    Ids are a submission's text: what no hub would take for an id is not put into a command.
    """
    named = list({(asset.kind, asset.id): asset for asset in assets if _addable(asset)}.values())
    if not named:
        return ""
    commands = [f"sandbox-review assets add {asset.id}{KIND_OPTION.get(asset.kind, '')}" for asset in named[:3]]
    more = f" (and {len(named) - 3} more)" if len(named) > 3 else ""
    return (
        f"To add: {'; '.join(commands)}{more} on a machine with network, or with --from DIR a copy that you have; "
        "then review with assets=mirror."
    )


def _addable(asset: Named) -> bool:
    plain = _ID.fullmatch(asset.id) is not None
    return plain and asset.kind in KIND_OPTION and Catalogue.default().can_exist(asset.kind, asset.id)


def why_missing(asset: Named, detail: str = "") -> str:
    """Which asset, and why it was not served. `detail` is what the source said, where it said more."""
    told = f" ({detail})" if detail else ""
    return f"There is no stand-in for {asset.kind} {asset.id}, and no mirror has it{told}."
