"""The rounds of a review: the submission as it is, then with one repair more each.

What a later round shows is reported in the original's lines, behind the findings that the repairs stepped over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runner.repairs.base import Repair, identity, mistake
from runner.repairs.patch import restored
from runner.rules.base import Case, Draft, Judgement, all_rules, not_exercised
from runner.vocabulary import Blame, CriterionOutcome, StageName


@dataclass(frozen=True)
class Round:
    """One pass over the stages, with the repairs that its copy had."""

    case: Case
    """Its evidence: the round's own, and earlier rounds' of stages that did not have to run again."""
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class Seen:
    """A draft and the identities of the findings that were stepped over before it showed."""

    draft: Draft
    behind: tuple[str, ...] = ()


def judgements(case: Case, stages: Sequence[StageName]) -> dict[str, Judgement]:
    """What every criterion's rule says of one round. `stages` are those that were asked for."""
    rules = all_rules()
    found: dict[str, Judgement] = {}
    for name, criterion in case.checklist.criteria.items():
        if name in rules:
            found[name] = rules[name](case)
        elif criterion.decided in stages:
            found[name] = not_exercised("no rule of this version decides it")
        else:
            found[name] = not_exercised(f"the {criterion.decided} stage was not asked for")
    return found


def joined(rounds: Sequence[Round], stages: Sequence[StageName]) -> tuple[dict[str, Judgement], list[Seen]]:
    """The judgement on every criterion over all rounds, and every draft once.

    The first round decides what it could see. What it could not is decided by the first round that could, and says so.
    """
    first, *later = rounds
    whole = judgements(first.case, stages)
    seen = {identity(draft): Seen(draft) for judgement in whole.values() for draft in judgement.drafts}
    for number, behind in enumerate(later, start=1):
        over = tuple(dict.fromkeys(repair.over for repair in behind.repairs))
        known = {mistake(item.draft) for item in seen.values()}
        for name, judgement in judgements(behind.case, stages).items():
            new = []
            for draft in restored(judgement.drafts, first.case.submission.tree(), behind.case.submission.tree()):
                if mistake(draft) not in known:
                    seen[identity(draft)] = Seen(draft, over)
                    new.append(draft)
            whole[name] = _extended(whole[name], judgement, new, number)
    return whole, list(seen.values())


def _extended(old: Judgement, now: Judgement, new: list[Draft], repairs: int) -> Judgement:
    """`old` with what a later round adds to it."""
    drafts = (*old.drafts, *new)
    if any(draft.blame is Blame.SUBMISSION for draft in new):
        return Judgement(CriterionOutcome.FAIL, drafts, old.why or new[0].message)
    decided = old.outcome is CriterionOutcome.NOT_EXERCISED and now.outcome is CriterionOutcome.PASS
    if decided and not any(draft.blame is Blame.SUBMISSION for draft in old.drafts):
        steps = "one repair" if repairs == 1 else f"{repairs} repairs"
        return Judgement(CriterionOutcome.PASS, drafts, f"seen behind {steps}")
    return replace(old, drafts=drafts)
