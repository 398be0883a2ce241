"""Several attempts of one run: which one decides, and when another, nearer to the real thing, is worth its time."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from runner.evidence import ComposeFacts, Evidence, FullFacts, HubRequest, TrialFacts
from runner.review import Traceback
from runner.rules.diagnosis import Scene, diagnose_traceback
from runner.rules.idle import failure_of
from runner.vocabulary import Blame, Cause, Provided, Status

_INDEPENDENT = {"SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "ModuleNotFoundError"}
"""What no asset can cause."""
_MAY_BE_ASSETS = {Cause.MODEL, Cause.DATA_PIPELINE, Cause.LOGIC, Cause.UNCLEAR, Cause.HUB_ASSET, Cause.EVALUATE}
_INPUTS = re.compile(r"'(?:input_ids|token_type_ids|attention_mask|position_ids|pixel_values|labels)'")
"""What a tokenizer or processor gives depends on the model."""


def deciding(attempts: Sequence[Evidence]) -> Evidence:
    """The attempt that a review goes by: the last one, unless that was a closer look that shows nothing.

    A closer look is an attempt with other assets than the one before it. It shows nothing if a limit ended it (true
    widths need more memory and time), or if it failed in a way of its own (wide stand-ins have fewer layers), unless it
    had an asset that was refused before. One of full mode with the configuration as written shows nothing if it did not
    come to an end of its own.
    """
    last = attempts[-1]
    for before in reversed(attempts[:-1]):
        if _as_written(last) and not _as_written(before) and last.status not in (Status.OK, Status.FAILED):
            last = before
            continue
        if before.fidelity == last.fidelity or _tells(last, before):
            return last
        last = before
    return last


def _as_written(evidence: Evidence) -> bool:
    """Whether full mode ran with no value of its configuration lowered."""
    return isinstance(evidence.facts, FullFacts) and not evidence.facts.lowered


def _tells(closer: Evidence, before: Evidence) -> bool:
    failure = failure_of(closer)
    if closer.status is Status.OK and failure is None:
        return True
    if closer.status not in (Status.OK, Status.FAILED) or failure is None:
        return False
    served_now = bool(refused(before)) and not refused(closer)
    return served_now or same_failure(closer, before) or failure.type in _INDEPENDENT


def same_failure(one: Evidence, other: Evidence) -> bool:
    """Whether both ended with the same exception at the same line of the submission."""
    a, b = failure_of(one), failure_of(other)
    return a is not None and b is not None and (a.type, a.file, a.line) == (b.type, b.file, b.line)


def missed_a_gpu(evidence: Evidence, gpus: int) -> bool:
    """Whether a failure of the attempt is for want of a GPU, so that another attempt with a stand-in may go further."""
    failure = failure_of(evidence)
    if evidence.status is Status.OK and failure is None:
        return False
    tracebacks = [failure] if failure else []
    if isinstance(evidence.facts, ComposeFacts):
        tracebacks = [failure.traceback for failure in evidence.facts.import_failures]
    scenes = [Scene(traceback, evidence.hub, gpus) for traceback in tracebacks]
    found = [diagnose_traceback(scene) for scene in scenes]
    return any(diagnosis.cause is Cause.DEVICE and diagnosis.blame is Blame.INFRASTRUCTURE for diagnosis in found)


def independent(traceback: Traceback, cause: Cause) -> bool:
    """Whether no asset can have caused it."""
    last = traceback.frames[-1] if traceback.frames else None
    own = last is not None and last.in_submission
    wrong_call = own and "unexpected keyword argument" in traceback.message and not _INPUTS.search(traceback.message)
    return traceback.type.rsplit(".", 1)[-1] in _INDEPENDENT or cause not in _MAY_BE_ASSETS or wrong_call


def may_be_a_stand_ins_doing(evidence: Evidence, gpus: int) -> bool:
    """Whether something went wrong that other assets might not have caused: a shape, an index, a field, a NaN.

    An asset that was refused counts: whoever asks knows whether it can be had elsewhere.
    """
    if not refused(evidence) and not any(request.provided is Provided.STAND_IN for request in evidence.hub):
        return False
    traceback = failure_of(evidence)
    if evidence.status is Status.OK and traceback is None:
        return _nothing_to_learn(evidence)
    if evidence.status not in (Status.OK, Status.FAILED) or traceback is None:
        return False
    diagnosis = diagnose_traceback(Scene(traceback, evidence.hub, gpus))
    if diagnosis.blame is Blame.INFRASTRUCTURE:
        return False
    return not independent(traceback, diagnosis.cause)


def refused(evidence: Evidence) -> list[HubRequest]:
    """Assets that were not served at all: with other sizes they would be refused again."""
    return [request for request in evidence.hub if request.provided is Provided.MISSING]


def _nothing_to_learn(evidence: Evidence) -> bool:
    """Whether a loss or a result is no number, or has no label: a stand-in's longer sequences may have cut them off."""
    probe = evidence.facts.probe if isinstance(evidence.facts, TrialFacts) else None
    if probe is None:
        return False
    seen = any(losses.nan or losses.infinite or not all(map(math.isfinite, losses.first)) for losses in probe.losses)
    return seen or bool(probe.not_numbers) or any(masked.calls for masked in probe.masked)
