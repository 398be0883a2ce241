"""Where a review's assets come from: what it starts with, and what it looks at again when a stand-in is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from runner.evidence import Evidence, HubRequest
from runner.rules.attempts import refused
from runner.settings import Settings
from runner.vocabulary import Provided, Status
from sandbox.assets import AssetStore
from sandbox.fidelity import Fidelity
from sandbox.layers import Layers
from sandbox.mirror import Live, Mirror
from sandbox.repository import AssetSource
from sandbox.repository import Provided as Answer


def sources(settings: Settings) -> list[AssetSource]:
    """From the one to start with to the nearest to the real hub; each can stand where `Services` wants its assets.

    `assets=standin`: small stand-ins, wide ones, and the mirror where there is one. `assets=mirror`: the mirror, and
    small, then wide stand-ins for what it lacks. `assets=live`: the network alone. Close the first to stop what is
    being made for any of them.
    """
    small = AssetStore(settings.cache() / "assets")
    wide = small.at(Fidelity.WIDE)
    mirror = Mirror(settings.mirror())
    match settings.assets.kind:
        case "live":
            return [Live(mirror)]
        case "mirror":
            return [Layers([mirror, small]), Layers([mirror, wide])]
        case _:
            mirrored: list[AssetSource] = [Layers([mirror, wide])] if mirror.assets() else []
            return [small, wide, *mirrored]


def closer_looks(
    later: Mapping[str, AssetSource], now: AssetSource, evidence: Evidence
) -> Iterator[tuple[str, AssetSource]]:
    """Sources that serve what an attempt asked for nearer to the real thing, each with its name.

    For one that failed where an asset was refused: those that have that asset.
    """
    asked = (refused(evidence) if evidence.status is Status.FAILED else []) or evidence.hub
    for fidelity, source in later.items():
        if nearer([source], now, asked) is not None:
            yield fidelity, source
            now = source


def nearer(later: Sequence[AssetSource], now: AssetSource, asked: Iterable[HubRequest]) -> AssetSource | None:
    """The first of `later` that serves any of the assets that an attempt asked for otherwise than `now` did.

    None: to run again would show the same.
    """
    requests = list(asked)
    return next((source for source in later if any(_shows_more(source, now, each) for each in requests)), None)


def _shows_more(source: AssetSource, now: AssetSource, request: HubRequest) -> bool:
    return _has_real(source, request) if request.provided is Provided.MISSING else _differs(source, now, request)


def _differs(source: AssetSource, now: AssetSource, request: HubRequest) -> bool:
    asset, before = source.find(request.kind, request.id), now.find(request.kind, request.id)
    return asset is not None and before is not None and source.fingerprint(asset) != now.fingerprint(before)


def _has_real(source: AssetSource, request: HubRequest) -> bool:
    """Whether it has what was refused; another stand-in is refused again, and so is what is gated without a token."""
    asset = source.find(request.kind, request.id)
    return asset is not None and not asset.gated and source.provided(asset) is not Answer.STANDIN
