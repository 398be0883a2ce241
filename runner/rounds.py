"""The rounds of a review: the submission as it is, then with one repair more each.

What a later round shows is reported in the original's lines, behind the findings that the repairs stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from runner.evidence import Evidence
from runner.repairs.base import Repair, identity, mistake
from runner.repairs.ladder import blockers, told_as
from runner.repairs.patch import restored
from runner.rules.base import Case, Draft, Judgement, all_rules, not_exercised
from runner.vocabulary import Blame, CriterionOutcome, StageName, Status

_ORDER = list(StageName)


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
    past = {step for step in range(1, len(rounds)) if helped(rounds, step)}
    seen = {identity(draft): Seen(draft) for judgement in whole.values() for draft in judgement.drafts}
    for number, behind in enumerate(later, start=1):
        over = tuple(dict.fromkeys(r.over for step, r in enumerate(behind.repairs, start=1) if step in past))
        known = {mistake(item.draft) for item in seen.values()}
        for name, judgement in judgements(behind.case, stages).items():
            new = []
            for draft in restored(judgement.drafts, first.case.submission.tree(), behind.case.submission.tree()):
                if mistake(draft) not in known:
                    seen[identity(draft)] = Seen(draft, over)
                    new.append(draft)
            whole[name] = _extended(whole[name], judgement, new, number)
    return whole, list(seen.values())


def helped(rounds: Sequence[Round], step: int) -> bool:
    """Whether the repair of a step got past its blocker, as the first round shows that came as far again.

    False where none did: an edit that was not run is not known to help.
    """
    first, before = rounds[0].case.submission.tree(), rounds[step - 1].case
    repair = rounds[step].repairs[-1]
    blocker = next((b.draft for b in blockers(before) if told_as(b.draft, repair, before, first) == repair.over), None)
    if blocker is None or _ORDER.index(blocker.stage) < _ORDER.index(repair.begins):
        return any(own_evidence(rounds, step))
    later = range(step, len(rounds))
    again = next((n for n in later if any(_tries(evidence, blocker) for evidence in own_evidence(rounds, n))), None)
    return again is not None and not any(_met(blocker, before, rounds[again].case))


def own_evidence(rounds: Sequence[Round], step: int) -> list[Evidence]:
    """What ran in the round of a step, without what it took over from earlier ones."""
    return [evidence for evidence in rounds[step].case.evidence if evidence.step == step]


def _tries(evidence: Evidence, blocker: Draft) -> bool:
    ran = evidence.status not in (Status.INFRASTRUCTURE_ERROR, Status.SKIPPED)
    # Importing and composing are one attempt for all run ids.
    of_run = evidence.run_id is None or blocker.run_id in (None, evidence.run_id)
    return ran and evidence.stage is blocker.stage and of_run


def _met(blocker: Draft, before: Case, after: Case) -> Iterator[bool]:
    """For every blocker of a later copy: whether it is the same error at the same place, or where a repair wrote."""
    old, new = before.submission.tree(), after.submission.tree()
    for other in blockers(after):
        there = next(restored([other.draft], old, new), None)
        if there is not None:
            yield mistake(there) == mistake(blocker) and _error(there) == _error(blocker)
        else:
            yield other.draft.file == blocker.file and _error(other.draft) == _error(blocker) != ""


def _error(draft: Draft) -> str:
    """The error in full, for one that an exception told of: one line may fail in several ways, one behind the other."""
    start = draft.evidence.find(f"{draft.root[0]}: ") if draft.root else -1
    return draft.evidence[start:] if start >= 0 else ""


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
