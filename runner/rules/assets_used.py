"""Whether a trial used the model and the data set that its run declares, and owned up where it could not.

What was loaded is told by the probe and by the hub's record. That another takes the place of the declared one is said
only where the YAML names an id of the hub and the trial never got it; that an error was swallowed, only where nothing
of the same asset was ever loaded. What we could not serve is never the submission's.
"""

from __future__ import annotations

from runner.evidence import Evidence, HubRequest
from runner.missing_assets import how_to_add, why_missing
from runner.probe_facts import Load, ProbeFacts
from runner.rules.asset_names import Kind, Name, among, declared, declared_config, is_local, same
from runner.rules.base import Case, Draft, Judgement, decides
from runner.rules.observed import FINE, Look, at, fault, over_trials, run_draft, unsure
from runner.rules.probed import missed
from runner.vocabulary import Blame, Cause, Provided, Status

_OURS = ("missing", "gated", "infrastructure")
"""Reasons for which an asset is not served that are not the submission's."""
_NETWORK = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "MaxRetryError", "URLError", "OfflineModeIsEnabled",
            "LocalEntryNotFoundError", "ConnectError", "gaierror")  # fmt: skip
_DEVICE = ("cuda", "gpu", "bitsandbytes", "flash", "triton", "nvidia")
_WORDS = {"model": "model", "dataset": "data set"}


@decides("data.declared_dataset_used")
def declared_dataset_used(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _declared(case, evidence, facts, "dataset"), "loads")


@decides("model.declared_model_used")
def declared_model_used(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _declared(case, evidence, facts, "model"), "loads")


def _declared(case: Case, evidence: Evidence, facts: ProbeFacts, kind: Kind) -> Look:
    wanted = declared(case, evidence.run_id, kind)
    word = _WORDS[kind]
    loaded = _loaded(facts, kind)
    if wanted and any(among(name, loaded) for name in wanted):
        return _other_config(case, evidence, facts, wanted) if kind == "dataset" else FINE
    ids = [name for name in wanted if name.on_hub]
    if not ids:
        return unsure(f"the run's YAML names no {word} of the hub")
    names = ", ".join(name.text for name in ids)
    if evidence.status is not Status.OK:
        return unsure(f"the trial did not come to its end; until then it did not load {names}")
    refused = _not_served(evidence, ids)
    if refused is not None:
        return unsure(f"{refused.id} could not be served ({refused.reason})")
    if missed(facts, "loads"):
        return unsure(missed(facts, "loads"))
    asked = [Name(kind, request.id) for request in evidence.hub if request.kind == kind and _served(request)]
    failed = [Name(kind, load.id) for load in facts.loads if load.kind == kind and load.error_type]
    if not loaded and any(among(name, asked) and not among(name, failed) for name in ids):
        return FINE if kind == "dataset" else unsure(f"of {names} only parts were loaded, by other ways than a model's")
    if not loaded and any(among(name, failed) for name in ids) and asked:
        return unsure(f"loading {names} failed: see data.no_silent_fallback")
    others = [*loaded, *(name for name in asked if not among(name, [*loaded, *_parts(facts, kind)]))]
    if not others and kind == "model" and any(among(name, _parts(facts, kind)) for name in ids):
        return unsure(f"of {names} only its tokenizer or configuration was loaded; the model may be built from them")
    if not others and (facts.contacts or _files_named(case, ids)):
        return unsure(f"{names} was not asked of the hub, but may have come from elsewhere")
    return fault(_another(evidence, facts, kind, names, others))


def _loaded(facts: ProbeFacts, kind: Kind) -> list[Name]:
    return [Name(kind, load.id, load.config) for load in facts.loads if load.kind == kind and not load.error_type]


def _parts(facts: ProbeFacts, kind: Kind) -> list[Name]:
    """Tokenizers, configurations, single files: not the asset itself."""
    return [Name(kind, load.id) for load in facts.loads if load.kind == "other" and not load.error_type]


def _served(request: HubRequest) -> bool:
    return request.provided is not Provided.MISSING


def _not_served(evidence: Evidence, names: list[Name]) -> HubRequest | None:
    for request in evidence.hub:
        ours = request.kind in ("model", "dataset") and not _served(request) and request.reason in _OURS
        if ours and any(same(Name(name.kind, request.id), name) for name in names):
            return request
    return None


def _files_named(case: Case, names: list[Name]) -> bool:
    """Whether the code brings loaders of its own that need no hub: torchvision, scikit-learn, files."""
    text = "\n".join(text for path, text in case.submission.files.items() if path.endswith(".py")).lower()
    if any(name.kind == "model" for name in names):
        return any(word in text for word in ("timm.", "torchvision.models", "torch.hub"))
    return any(word in text for word in ("torchvision", "sklearn.datasets", "read_csv", "read_json", "np.load"))


def _another(evidence: Evidence, facts: ProbeFacts, kind: Kind, names: str, others: list[Name]) -> Draft:
    word = _WORDS[kind]
    instead = ", ".join(dict.fromkeys(name.text for name in others))
    place = next((load.place for load in facts.loads if load.kind == kind and not load.error_type), None)
    what = f"it loads {instead} instead" if instead else f"it loads no {word} at all"
    return run_draft(
        f"data.declared_{kind}_used" if kind == "dataset" else "model.declared_model_used",
        Cause.DATA_PIPELINE if kind == "dataset" else Cause.MODEL,
        evidence,
        f"The run declares the {word} {names}; the trial never loads it: {what}.",
        place,
        seen="\n".join(f"{load.api}({load.id}) at {at(load.place)} {load.error_type}".rstrip() for load in facts.loads),
    )


def _other_config(case: Case, evidence: Evidence, facts: ProbeFacts, wanted: list[Name]) -> Look:
    """A data set of many parts, of which another one was loaded: glue's rte for its sst2."""
    config = declared_config(case, evidence.run_id)
    loads = [load for load in facts.loads if load.kind == "dataset" and not load.error_type]
    loads = [load for load in loads if among(Name("dataset", load.id), wanted)]
    given = {load.config for load in loads if load.config}
    if not config or not given or len(given) < len({load.config for load in loads}):
        return FINE
    if any(_letters(config) in _letters(name) or _letters(name) in _letters(config) for name in given):
        return FINE
    load = loads[0]
    message = f"The run declares {load.id} with the configuration {config}; the trial loads {', '.join(sorted(given))}."
    return fault(run_draft("data.declared_dataset_used", Cause.DATA_PIPELINE, evidence, message, load.place))


def _letters(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


@decides("data.no_silent_fallback")
def no_silent_fallback(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _fallback(case, evidence, facts), "loads")


def _fallback(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    drafts, doubt = [], ""
    for load in facts.loads:
        if not load.swallowed or load.kind not in ("model", "dataset") or is_local(load.id) or not load.id:
            continue
        if load.api.endswith("load_from_disk") or among(_name(load), _loaded(facts, _name(load).kind)):
            continue
        if among(_name(load), _downloaded(facts, _name(load).kind)):
            doubt = f"loading {load.id} failed, and its files were downloaded: the model may have been made from these"
            continue
        drafts.append(_swallowed(case, evidence, load))
    return Look(tuple(drafts), doubt)


def _name(load: Load) -> Name:
    return Name("dataset" if load.kind == "dataset" else "model", load.id)


def _downloaded(facts: ProbeFacts, kind: Kind) -> list[Name]:
    """Repositories of which files were fetched by themselves, unlike a tokenizer or a configuration."""
    fetched = [load for load in facts.loads if load.api.startswith("huggingface_hub.") and not load.error_type]
    return [Name(kind, load.id) for load in fetched]


def _swallowed(case: Case, evidence: Evidence, load: Load) -> Draft:
    blame, why = _whose(case, evidence, load)
    word = _WORDS[load.kind]
    message = f"Loading the {word} {load.id} fails with {load.error_type}, and the run goes on without it.{why}"
    cause = Cause.DATA_PIPELINE if load.kind == "dataset" else Cause.MODEL
    return run_draft(
        "data.no_silent_fallback", cause, evidence, message, load.place, blame=blame, seen=f"{load.api}: {load.error}"
    )


def _whose(case: Case, evidence: Evidence, load: Load) -> tuple[Blame, str]:
    """Whose fault the error was that the code swallowed; the real hub may have spared it."""
    name = Name(load.kind, load.id)  # type: ignore[arg-type]
    refused = _not_served(evidence, [name])
    if refused is not None:
        return Blame.ASSETS, f" {why_missing(refused, refused.detail)} {how_to_add([refused])}".rstrip()
    if load.error_type in _NETWORK:
        return Blame.ASSETS, " It was asked of an address that is not served here."
    if not case.gpus and any(word in load.error.lower() for word in _DEVICE):
        return Blame.INFRASTRUCTURE, " There is no GPU here."
    return Blame.SUBMISSION, " Let the error stop the run."
