"""What attempts with assets nearer to the real ones make of a failure: sure, ours, or neither."""

from __future__ import annotations

from dataclasses import replace

from runner.evidence import Evidence, HubRequest
from runner.rules.attempts import independent, same_failure
from runner.rules.base import Draft
from runner.rules.idle import failure_of
from runner.vocabulary import Blame, Cause, Confidence, Provided

_ASSETS = {"small": "small stand-ins", "wide": "stand-ins of true widths", "mirror": "the real assets"}
_LOOK_UPS = {"AssertionError", "ValueError", "KeyError", "IndexError"}
_COMPUTING = ("/torch/", "/transformers/models/", "/transformers/modeling", "/timm/", "/peft/")


def looked_again(draft: Draft, evidence: Evidence, attempts: list[Evidence]) -> Draft:
    """Seen again with assets that are nearer in what it may hang on, it is confirmed; else it may be ours.

    What was seen on the device stand-in stays observed: a real card may behave otherwise.
    """
    others = [other for other in attempts if other.fidelity != evidence.fidelity]
    closer = [other for other in others if other.attempt > evidence.attempt]
    if closer:
        failure = failure_of(closer[-1])
        ending = failure.type if failure else closer[-1].status
        message = f"{draft.message} With {_ASSETS[closer[-1].fidelity]} it ended otherwise ({ending})."
        return replace(draft, blame=Blame.ASSETS, message=message, confirmable=False)
    traceback = failure_of(evidence)
    if draft.blame is not Blame.SUBMISSION or traceback is None:
        return draft
    served = [request for request in evidence.hub if request.provided is Provided.STAND_IN]
    free = independent(traceback, draft.cause)
    guessed = [request.id for request in served if request.inferred]
    if guessed and not free:
        message = f"{draft.message} The stand-in of {guessed[0]} was inferred from its name, its facts are a guess."
        return replace(draft, blame=Blame.ASSETS, message=message, confirmable=False)
    seen = any(same_failure(other, evidence) for other in others)
    surer = seen and _is_nearer(draft, evidence, served)
    if seen:
        draft = replace(draft, message=f"{draft.message} Seen again with {_ASSETS[evidence.fidelity]}.")
    if surer and draft.confirmable:
        return replace(draft, confidence=Confidence.CONFIRMED)
    return replace(draft, confirmable=draft.confirmable and (free or surer or not served))


def _is_nearer(draft: Draft, evidence: Evidence, served: list[HubRequest]) -> bool:
    """Whether this attempt's assets are nearer in what the failure may hang on than those of the one before.

    Wide stand-ins are nearer in widths and in the vocabulary's size alone: they have the same made-up rows, and
    their tokenizers cut text into pieces that are as made up.
    """
    traceback = failure_of(evidence)
    if evidence.fidelity != "wide" or traceback is None:
        return True
    below = [frame.file for frame in traceback.frames if not frame.in_submission]
    if any(part in file for file in below for part in _COMPUTING) and draft.cause is not Cause.DATA_PIPELINE:
        return True
    rows = draft.cause is Cause.DATA_PIPELINE and any(request.kind == "dataset" for request in served)
    looked_up = traceback.type.rsplit(".", 1)[-1] in _LOOK_UPS
    pieces = looked_up and any(request.kind == "model" for request in served)
    return not (rows or pieces)
