"""Failures around assets: ids that do not exist, assets that are not served, data sets that will not load."""

from __future__ import annotations

from runner.evidence import HubRequest
from runner.missing_assets import how_to_add, why_missing
from runner.rules.diagnosis.config import is_config
from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.vocabulary import Blame, Cause

_HUB_TYPES = {
    "RepositoryNotFoundError",
    "GatedRepoError",
    "EntryNotFoundError",
    "RemoteEntryNotFoundError",
    "RevisionNotFoundError",
    "HfHubHTTPError",
    "LocalEntryNotFoundError",
    "DatasetNotFoundError",
    "HFValidationError",
    "OfflineModeIsEnabled",
}
_NETWORK_TYPES = {
    "URLError",
    "HTTPError",
    "ConnectionError",
    "ConnectTimeout",
    "MaxRetryError",
    "gaierror",
    "ConnectError",
}
_NETWORK_WORDS = (
    "Name or service not known",
    "name resolution",
    "Network is unreachable",
    "Couldn't reach",
    "Failed to resolve",
    "Connection refused",
    "Can't load the model for",
    "couldn't connect to",
    "offline",
)
_INDEPENDENT_TYPES = {"SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "ModuleNotFoundError"}


def _criterion_of(request: HubRequest) -> str:
    return "data.loads" if request.kind == "dataset" else "model.builds"


def hub_asset(scene: Scene) -> Diagnosis | None:
    asset_error = scene.type in _HUB_TYPES or scene.says("is not a valid model identifier", "not a local folder")
    for request in scene.missing_assets("nonexistent"):
        if asset_error or _named(request, scene):
            return Diagnosis(
                _criterion_of(request),
                Cause.HUB_ASSET,
                advice=f"The hub has no {request.kind} {request.id!r}: an id is owner/name.",
            )
    for request in scene.missing_assets("gated"):
        if asset_error or _named(request, scene):
            return Diagnosis(
                _criterion_of(request),
                Cause.HUB_ASSET,
                Blame.ASSETS,
                f"{request.id} is gated: without a token that was granted access it cannot be loaded.",
            )
    if scene.missing_assets("infrastructure") and asset_error:
        return Diagnosis(COMPLETES, Cause.HUB_ASSET, Blame.INFRASTRUCTURE, "A stand-in could not be made.")
    unserved = scene.missing_assets("missing")
    # A run that went on without an asset fails later for reasons that we caused.
    if unserved and scene.type not in _INDEPENDENT_TYPES and not is_config(scene):
        advice = f"{why_missing(unserved[0], unserved[0].detail)} {how_to_add(unserved)}".rstrip()
        return Diagnosis(_criterion_of(unserved[0]), Cause.HUB_ASSET, Blame.ASSETS, advice)
    return None


def unqualified_id(scene: Scene) -> Diagnosis | None:
    """huggingface_hub 2 takes no name without its owner, though the hub still knows some."""
    if scene.type != "HfUriError" or not scene.says("must be 'namespace/name'"):
        return None
    criterion = "data.loads" if scene.says("hf://datasets/") else "model.builds"
    return Diagnosis(criterion, Cause.HUB_ASSET, advice="The installed huggingface_hub takes owner/name only.")


def _named(request: HubRequest, scene: Scene) -> bool:
    return request.id in scene.message


def network(scene: Scene) -> Diagnosis | None:
    if scene.type in _NETWORK_TYPES or scene.says(*_NETWORK_WORDS):
        if "wandb" in scene.libraries_called():
            return None
        advice = "The code asks the network for something that is not served here."
        return Diagnosis("data.loads", Cause.HUB_ASSET, Blame.ASSETS, advice)
    return None


def unknown_architecture(scene: Scene) -> Diagnosis | None:
    """timm makes its models itself: a name that it does not have is an id that does not exist."""
    if "timm" in scene.libraries_called() and scene.says("Unknown model ("):
        return Diagnosis("model.builds", Cause.HUB_ASSET, advice="timm has no model of this name.")
    return None


def dataset_rules(scene: Scene) -> Diagnosis | None:
    if scene.says("Dataset scripts are no longer supported"):
        return Diagnosis("data.loads", Cause.HUB_ASSET, advice="Installed versions of datasets run no loading scripts.")
    if scene.says("Config name is missing", "BuilderConfig", "Unknown split"):
        return Diagnosis("data.loads", Cause.DATA_PIPELINE)
    return None
