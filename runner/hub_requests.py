"""Sums up what the hub was asked for during an attempt: one line per asset."""

from __future__ import annotations

from collections.abc import Iterable

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
    return HubRequest(
        kind=kind,  # type: ignore[arg-type]
        id=asset_id,
        provided=Provided.MISSING if refusal else provided,
        inferred=provided is Provided.STAND_IN and bool(getattr(asset, "inferred", False)),
        requests=len(asked),
        reason=str(refusal.provided) if refusal else "",
        detail=refusal.detail if refusal else "",
        real_sizes=source.real_sizes(asset) if asset else [],
    )
