"""Attempts that ended with exit code 0 and did nothing, and the failure that their output tells of.

Code that starts its own training and does not look at how that ended reports success, whatever happened: real trials
"passed" so within seconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from runner.evidence import Evidence, ExperimentFacts
from runner.probe_facts import MODEL_WORK
from runner.review import Traceback
from runner.rules.probed import disputed, missed, probe_of
from runner.vocabulary import Status


def work_of(evidence: Evidence) -> Mapping[str, float]:
    """The probe's counters of an attempt."""
    return evidence.facts.work if isinstance(evidence.facts, ExperimentFacts) else {}


def unseen(evidence: Evidence) -> str:
    """Why work may have been done that the probe did not see, "" where it saw everything."""
    work, facts = work_of(evidence), probe_of(evidence)
    if facts is not None and disputed(evidence):
        return disputed(evidence)
    if not work.get("processes"):
        return f"the probe was not loaded into the processes of the {evidence.stage}"
    if work.get("unobserved_children"):
        return f"the {evidence.stage} started processes that the probe did not see"
    if facts is not None and facts.hiding:
        return missed(facts)
    if facts is not None and facts.contacts:
        host = facts.contacts[0].host
        return f"the {evidence.stage} asked {host}, which the sandbox does not reach, and may have its work done there"
    return ""


def model_calls(evidence: Evidence) -> float:
    """Outermost forward passes, and calls of generate, which counts its own passes as one."""
    work = work_of(evidence)
    return work.get("forward", 0) + work.get("generate_calls", 0)


def idle(evidence: Evidence) -> bool:
    """Whether no model was seen at work."""
    return not any(work_of(evidence).get(name) for name in MODEL_WORK)


def hidden_failure(evidence: Evidence) -> Traceback | None:
    """The failure that an attempt printed, which ended with exit code 0 and certainly did nothing."""
    if evidence.status is not Status.OK or not isinstance(evidence.facts, ExperimentFacts):
        return None
    return evidence.facts.printed_failure if idle(evidence) and not unseen(evidence) else None


def failure_of(evidence: Evidence) -> Traceback | None:
    """The traceback of an attempt's failure: the one that ended it, or one that it hid."""
    return evidence.traceback or hidden_failure(evidence)
