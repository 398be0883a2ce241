"""Failures around assets: ids that do not exist, assets that are not served, data sets that will not load."""

from __future__ import annotations

import re

from runner.evidence import HubRequest
from runner.missing_assets import how_to_add, why_missing
from runner.rules.diagnosis.config import is_config
from runner.rules.diagnosis.scene import COMPLETES, Diagnosis, Scene
from runner.vocabulary import Blame, Cause, Provided

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
    "offline mode is enabled",
    "in offline mode",
)
_TOKEN = re.compile(r"\b(?:HF|HUGGING_?FACE(?:_?HUB)?)(?:_\w+)?_TOKEN\b")
"""The names of environment variables that the hub's clients, and code around them, take a token from."""
_CREDENTIAL = re.compile(
    r"\b[A-Z][A-Z0-9_]*_(?:API_?KEY|ACCESS_KEY(?:_ID)?|SECRET(?:_KEY)?|(?:API|AUTH|ACCESS|BOT)_TOKEN|CREDENTIALS)\b"
)
"""The names of environment variables that clients of services, and code around them, take a key from."""
_UNSET = re.compile(r"environment|must be set|not set|not found|missing|required|provide", re.IGNORECASE)
_INDEPENDENT_TYPES = {"SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "ModuleNotFoundError"}


def _criterion_of(request: HubRequest) -> str:
    return "data.loads" if request.kind == "dataset" else "model.builds"


def hub_asset(scene: Scene) -> Diagnosis | None:
    """An asset that was refused: the one that the message names, else the last one that was asked for.

    An id that does not exist is to blame only where no asset that we lack, or that wants a token, may be meant.
    """
    refused = [request for request in scene.hub if request.provided is Provided.MISSING and request.reason]
    ours = [request for request in refused if request.reason != "nonexistent"]
    asset_error = scene.type in _HUB_TYPES or scene.says("is not a valid model identifier", "not a local folder")
    meant = _named(refused, scene) or (refused if asset_error else [])
    meant = [request for request in meant if request in ours] or meant
    if meant:
        return _refused(meant[-1], ours)
    # A run that went on without an asset fails later for reasons that we caused.
    if ours and scene.type not in _INDEPENDENT_TYPES and not is_config(scene):
        return _refused(ours[-1], ours)
    return None


def _refused(request: HubRequest, ours: list[HubRequest]) -> Diagnosis:
    criterion = _criterion_of(request)
    match request.reason:
        case "nonexistent":
            advice = f"The hub has no {request.kind} {request.id!r}: an id is owner/name."
            return Diagnosis(criterion, Cause.HUB_ASSET, advice=advice)
        case "gated":
            advice = f"{request.id} is gated: without a token that was granted access it cannot be loaded."
            return Diagnosis(criterion, Cause.HUB_ASSET, Blame.ASSETS, advice)
        case "infrastructure":
            return Diagnosis(COMPLETES, Cause.HUB_ASSET, Blame.INFRASTRUCTURE, "A stand-in could not be made.")
        case _:
            all_missing = [request, *(each for each in ours if each.reason == request.reason)]
            advice = f"{why_missing(request, request.detail)} {how_to_add(all_missing)}".rstrip()
            return Diagnosis(criterion, Cause.HUB_ASSET, Blame.ASSETS, advice)


def _named(refused: list[HubRequest], scene: Scene) -> list[HubRequest]:
    """Those whose ids the message names; an id that is a part of another one that it names is not meant."""
    ids = [request.id for request in scene.hub if request.id in scene.message]
    parts = {part for part in ids for whole in ids if part != whole and part in whole}
    return [request for request in refused if request.id in ids and request.id not in parts]


def absent_token(scene: Scene) -> Diagnosis | None:
    """The hub's token is asked of the environment: who runs with access to gated models has it there, we have none."""
    last = scene.frames[-1] if scene.frames else None
    own = [frame for frame in scene.frames if frame.in_submission]
    if scene.type != "LocalTokenNotFoundError":
        source = own[-1].source if own else ""
        below = last is not None and (last.in_submission or last.file.endswith("os.py") or last.file == "<frozen os>")
        asks = re.search(r"environ|getenv|^\s*(?:raise|assert)\b", source) is not None
        if not below or not asks or not _TOKEN.search(f"{scene.message} {source}"):
            return None
    advice = "The sandbox has no token of the hub; whether the code runs with one was not seen."
    return Diagnosis("model.builds", Cause.HUB_ASSET, Blame.ASSETS, advice)


def absent_credential(scene: Scene) -> Diagnosis | None:
    """A key of some service is asked of the environment: who runs the experiment has it there, we have none."""
    own = [frame for frame in scene.frames if frame.in_submission]
    source = own[-1].source if own else ""
    named = _CREDENTIAL.search(scene.message) or _CREDENTIAL.search(source)
    asks = re.search(r"environ|getenv|^\s*(?:raise|assert)\b", source) is not None
    if named is None or not (asks or _UNSET.search(scene.message)):
        return None
    advice = f"The sandbox has no {named[0]}; whether the code runs with one was not seen."
    return Diagnosis(COMPLETES, Cause.UNCLEAR, Blame.INFRASTRUCTURE, advice)


def unqualified_id(scene: Scene) -> Diagnosis | None:
    """huggingface_hub 2 takes no name without its owner, though the hub still knows some."""
    if scene.type != "HfUriError" or not scene.says("must be 'namespace/name'"):
        return None
    criterion = "data.loads" if scene.says("hf://datasets/") else "model.builds"
    return Diagnosis(criterion, Cause.HUB_ASSET, advice="The installed huggingface_hub takes owner/name only.")


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
