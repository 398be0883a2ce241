"""Sums up what the hub was asked for during an attempt: one line per asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from images.standins.sizes import split_rows
from runner.evidence import HubRequest
from runner.vocabulary import Provided
from sandbox.hub import HubRequest as Recorded
from sandbox.hub import Provided as Answer
from sandbox.repository import AssetSource

_SERVED = {
    Answer.STANDIN: Provided.STAND_IN,
    Answer.MIRROR: Provided.MIRROR,
    Answer.LIVE: Provided.LIVE,
}
_NAMES = 100
"""Files and revisions kept of those that a stand-in lacks; libraries probe for a dozen optional ones."""


def summarise(requests: Iterable[Recorded], source: AssetSource) -> list[HubRequest]:
    """One line per asset. A refusal stands until a file of the asset is served after it: descriptions are open."""
    by_asset: dict[tuple[str, str], list[Recorded]] = {}
    for request in requests:
        if request.kind in ("model", "dataset", "metric"):
            by_asset.setdefault((request.kind, request.canonical or request.repo), []).append(request)
    return [_line(kind, asset_id, asked, source) for (kind, asset_id), asked in by_asset.items()]


def _line(kind: str, asset_id: str, asked: list[Recorded], source: AssetSource) -> HubRequest:
    refusal: Recorded | None = None
    provided = Provided.MISSING
    for request in asked:
        if request.provided not in _SERVED:
            refusal = request
        else:
            provided = _SERVED[request.provided]
            if request.action == "resolve":
                refusal = None
    # Only what was served is looked up again: where the network is the source, that asks nothing of it.
    asset = source.find(kind, asset_id) if refusal is None else None
    standing = provided is Provided.STAND_IN and asset is not None
    facts = dict(getattr(asset, "facts", {})) if standing else {}
    return HubRequest(
        kind=kind,  # type: ignore[arg-type]
        id=asset_id,
        provided=Provided.MISSING if refusal else provided,
        inferred=standing and bool(getattr(asset, "inferred", False)),
        requests=len(asked),
        reason=str(refusal.provided) if refusal else "",
        detail=refusal.detail if refusal else "",
        real_sizes=source.real_sizes(asset) if asset else [],
        rows=_shorter(facts),
        configs=[] if facts.get("configs_complete", True) else sorted(facts["configs"]),
        lacking=_lacking(asked),
    )


def _shorter(facts: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Rows served and rows of the real split, of every split of a data set whose stand-in is shorter."""
    splits = [config["splits"] for config in (facts.get("configs") or {}).values()]
    pairs = {(split_rows(name, each), each[name]) for each in splits for name in each}
    return sorted(pair for pair in pairs if pair[0] < pair[1])


def _lacking(asked: list[Recorded]) -> list[str]:
    """What a stand-in answered with "not found": the revision where another than main was asked for, and the file."""
    absent = [request for request in asked if request.provided is Answer.STANDIN and request.status == 404]
    names = [name for request in absent for name in (request.revision, request.path) if name not in ("", "main")]
    return list(dict.fromkeys(names))[-_NAMES:]
