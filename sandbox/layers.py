"""Sources of assets one before the other: the first that has an asset serves it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from images.catalogue import Asset
from sandbox.repository import AssetSource, Provided, Repository


class Layers:
    """An AssetSource over others; every asset says for itself where it came from."""

    def __init__(self, sources: Sequence[AssetSource]) -> None:
        self._sources = tuple(sources)

    @property
    def name(self) -> str:
        return ", then ".join(source.name for source in self._sources)

    def find(self, kind: str, asset_id: str) -> Asset | None:
        return next((asset for each in self._sources if (asset := each.find(kind, asset_id)) is not None), None)

    def can_exist(self, kind: str, asset_id: str) -> bool:
        return any(source.can_exist(kind, asset_id) for source in self._sources)

    def provided(self, asset: Asset) -> Provided:
        return self._source(asset).provided(asset)

    def repository(self, asset: Asset) -> Repository:
        source = self._source(asset)
        return source.repository(source.find(asset.kind, asset.id) or asset)

    def prepare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        rest = list(wanted)
        for source in self._sources:
            rest = source.prepare(rest)
        return rest

    def assets(self) -> list[Asset]:
        found = {(asset.kind, asset.id): asset for source in reversed(self._sources) for asset in source.assets()}
        return list(found.values())

    def real_sizes(self, asset: Asset) -> list[int]:
        return self._source(asset).real_sizes(asset)

    def fingerprint(self, asset: Asset) -> str:
        return self._source(asset).fingerprint(asset)

    def close(self) -> None:
        for source in self._sources:
            source.close()

    def _source(self, asset: Asset) -> AssetSource:
        return next((each for each in self._sources if each.find(asset.kind, asset.id)), self._sources[-1])
