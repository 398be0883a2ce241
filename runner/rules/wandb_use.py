"""Whether a trial leaves W&B alone: told by the server, by the folder that a run makes, and by what was called."""

from __future__ import annotations

import re

from runner.evidence import Evidence
from runner.probe_facts import Place, WandbUse
from runner.rules.base import Case, Draft, Judgement, decides, judged, missing_stage, not_exercised, passed
from runner.rules.failures import failures
from runner.rules.merging import merge
from runner.rules.observed import all_completed, mock_failures, run_draft, trials, unfinished
from runner.rules.probed import disputed, probe_of
from runner.vocabulary import Cause, Confidence, StageName

CRITERION = "wandb.off_in_trial"
_WANDB_RUN = re.compile(r"wandb/(?:offline-)?run-\d{8}_\d{6}-[^/]+")
"""The folder that the client makes for every run but a disabled one."""


@decides(CRITERION)
def off_in_trial(case: Case) -> Judgement:
    ran = trials(case)
    if not ran:
        return not_exercised(missing_stage(case, StageName.TRIAL))
    drafts = [draft for evidence in ran if (draft := _use(case, evidence)) is not None]
    found = [draft for draft in failures(case) if draft.criterion == CRITERION]
    if drafts or found:
        return judged([*merge(drafts, set(case.run_ids)), *found])
    if ours := mock_failures(CRITERION, ran):
        return judged(merge(ours, set(case.run_ids)))
    if not all(_only_disabled(evidence) for evidence in ran if evidence.wandb is None):
        return not_exercised("no W&B server of the review's could be asked, so nothing shows that none was")
    return passed() if all_completed(case) else not_exercised(unfinished(case))


def _use(case: Case, evidence: Evidence) -> Draft | None:
    """What a trial did with W&B: what the server saw, or the folder of a run that was never sent.

    A request that the server failed to answer was made all the same.
    """
    contact = evidence.wandb
    folders = sorted({found.group(0) for file in evidence.outputs if (found := _WANDB_RUN.search(file.path))})
    runs = len(contact.runs) if contact is not None else 0
    if max(runs, len(folders)) <= case.budget.wandb_runs and case.budget.wandb_runs:
        return None
    if contact is not None and contact.calls:
        what, seen = "contacts the W&B server", [f"{contact.calls} calls", *contact.runs]
    elif folders:
        what, seen = "opens a W&B run that is not disabled", folders
    else:
        return None
    call = next((use for use in _calls(evidence) if use.mode != "disabled"), None)
    if call is not None:
        seen.append(f"wandb.{call.call}" + (f" with mode {call.mode!r}" if call.mode else ""))
    return run_draft(
        CRITERION,
        Cause.WANDB,
        evidence,
        f'The trial {what}; in trial mode W&B has to be disabled (mode="disabled") before anything asks it.',
        call.place if call is not None else Place(),
        confidence=Confidence.CONFIRMED,
        seen="\n".join(seen),
        root=("wandb", what),
    )


def _calls(evidence: Evidence) -> list[WandbUse]:
    facts = probe_of(evidence)
    return facts.wandb if facts is not None and not disputed(evidence) else []


def _only_disabled(evidence: Evidence) -> bool:
    """Whether the probe saw every call of wandb, and each asks for a disabled run; nothing is shown by no call."""
    facts = probe_of(evidence)
    if facts is None or disputed(evidence) or facts.unobserved or facts.hiding:
        return False
    return bool(facts.wandb) and all(use.call == "init" and use.mode == "disabled" for use in facts.wandb)
