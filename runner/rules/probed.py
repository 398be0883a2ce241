"""How far the probe's facts of one attempt can be relied on.

The submission shares its processes with the probe. Where the services or the kernel saw more than the probe did, what
it says is disputed, and decides nothing. Where it missed a process, or may have because another program was started,
what it did see still happened; but what it did not see may have happened there, so nothing is concluded from an
absence.
"""

from __future__ import annotations

from collections.abc import Sequence

from runner.evidence import Evidence, ExperimentFacts
from runner.probe_facts import ProbeFacts
from runner.vocabulary import DISPUTED


def probe_of(evidence: Evidence) -> ProbeFacts | None:
    return evidence.facts.probe if isinstance(evidence.facts, ExperimentFacts) else None


def disputed(evidence: Evidence) -> str:
    """Why nothing that the probe says of this attempt can be relied on, "" where it can."""
    facts = probe_of(evidence)
    if facts is None or not (facts.processes or facts.disputed):
        return f"the probe saw no process of the {evidence.stage} stage"
    return contradicted(evidence)


def contradicted(evidence: Evidence) -> str:
    """What contradicts the probe's word on this attempt, "" where nothing does."""
    facts = probe_of(evidence)
    if facts is None:
        return ""
    contradictions = list(facts.disputed)
    contact, complete = evidence.wandb, not missed(facts) and "wandb" not in facts.cut
    if contact is not None and contact.runs and not facts.wandb and complete:
        contradictions.append(f"the W&B server saw the run {contact.runs[0]} open, the probe saw no call of wandb")
    return f"{DISPUTED}: {'; '.join(contradictions)}" if contradictions else ""


def missed(facts: ProbeFacts, *lists: str) -> str:
    """Why the probe may have missed something, "" where it saw all processes and cut none of the named lists."""
    if facts.unobserved:
        return f"the probe did not see all processes: {facts.unobserved[0]}"
    if facts.hiding:
        return f"the probe cannot see what a program that was started does: {facts.hiding[0]}"
    blind = next((process for process in facts.processes if _blind_for(process.disabled, lists)), None)
    if blind is not None:
        return f"the probe could not see all of process {blind.pid}: {blind.disabled}"
    cut = [name for name in lists if name in facts.cut]
    return f"the probe's list of {cut[0]} was cut" if cut else ""


_TRAINING = ("torch", "work", "Module", "Tensor", "Optimizer", "GradScaler", "autograd", "_BaseDataLoaderIter")
_PARTS = {
    **dict.fromkeys(("passes", "phases", "optimizers", "losses", "models", "masked"), _TRAINING),
    # W&B puts its own hook in the place of ours, which only tells which failed load ended the process.
    "loads": ("loads", "sys.excepthook", "threading.excepthook"),
    "wandb": ("trackers",),
    "not_numbers": ("trackers",),
    "optuna": ("studies",),
    "sampled": ("studies", "configuration", "OmegaConf", "DictConfig", "ListConfig"),
    "configurations": ("configuration", "OmegaConf", "DictConfig", "ListConfig"),
    "written": ("files",),
    "started": ("files",),
}
"""List of the facts -> how the names of the probe's parts begin that fill it."""


def _blind_for(trouble: str, lists: Sequence[str]) -> bool:
    """Whether trouble of the probe may have cost something in one of the lists; in any where none is named."""
    for problem in filter(None, trouble.split("; ")):
        cost = {name for name, parts in _PARTS.items() if problem.startswith(parts)}
        if not lists or not cost or cost.intersection(lists):
            return True
    return False
