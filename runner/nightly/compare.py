"""What changed: a result held against the accepted one. Pure functions over data."""

from __future__ import annotations

from runner.nightly.night import Change, NightVerdict, Result
from runner.nightly.settings import NightSettings

_FAILS = {NightVerdict.NOT_READY, NightVerdict.UNUSABLE}


def change_of(before: Result | None, now: Result, settings: NightSettings) -> Change:
    """What `now` says, compared with `before` (None: there is nothing to compare with).

    A verdict that was only expected has neither causes nor seconds to compare with.
    """
    if now.infrastructure:
        return Change.INFRASTRUCTURE
    if before is None:
        return Change.NEW
    if now.verdict is not before.verdict:
        if now.verdict in _FAILS:
            return Change.CHANGED_CAUSE if before.verdict in _FAILS else Change.NEW_FAILURE
        return Change.REPAIRED if now.verdict is NightVerdict.READY else Change.INFRASTRUCTURE
    if _other_causes(before, now):
        return Change.CHANGED_CAUSE
    return Change.CHANGED_TIMING if _other_timing(before, now, settings) else Change.UNCHANGED


def needs_confirmation(change: Change) -> bool:
    """Whether a second run must say the same before this is reported."""
    return change in (Change.NEW_FAILURE, Change.REPAIRED, Change.CHANGED_CAUSE, Change.INFRASTRUCTURE)


def agree(first: Result, second: Result) -> bool:
    """Whether two runs of the same say the same of the submission."""
    return first.verdict is second.verdict and first.causes == second.causes


def next_role(before: Result | None, runs: list[Result], settings: NightSettings) -> str | None:
    """Which run of a submission comes next in a night, after `runs`; None: nothing more has to be known.

    `first`; `again` where infrastructure spoilt that; `confirmation` of a change.
    """
    if not runs:
        return "first"
    sound = [run for run in runs if not run.infrastructure]
    if not sound:
        return "again" if len(runs) == 1 else None
    alone = len(sound) == 1 and runs[-1] is sound[0]
    return "confirmation" if alone and needs_confirmation(change_of(before, sound[0], settings)) else None


def settled(before: Result | None, runs: list[Result], settings: NightSettings) -> tuple[Change, Result, Result | None]:
    """The change, the result, and its confirmation, of all runs of one submission in a night (one at least).

    Runs that infrastructure spoilt say nothing, unless there is no other. A run that denies the change that the first
    one saw makes it `flaky`: the result is the first, the confirmation the one that contradicts it. A change whose
    confirmation was spoilt is infrastructure trouble: nothing is reported that was seen once.
    """
    sound = [run for run in runs if not run.infrastructure]
    if not sound:
        return Change.INFRASTRUCTURE, runs[-1], None
    first, *later = sound
    change = change_of(before, first, settings)
    other = next((run for run in later if not _confirms(change, first, run)), None)
    if other is not None:
        return Change.FLAKY, first, other
    if needs_confirmation(change) and not later and runs[-1] is not first:
        return Change.INFRASTRUCTURE, first, runs[-1]
    return change, first, later[0] if later else None


def _confirms(change: Change, first: Result, second: Result) -> bool:
    """Whether `second` saw the change that `first` saw.

    A submission that fails twice has failed, though it stopped at another place the second time, as code with threads
    or without a seed does. That the causes have changed is seen twice only where they are the same both times.
    """
    if change is Change.NEW_FAILURE:
        return second.verdict in _FAILS
    return agree(first, second) if change is Change.CHANGED_CAUSE else first.verdict is second.verdict


def _other_causes(before: Result, now: Result) -> bool:
    return before.finished_at is not None and before.causes != now.causes


def _other_timing(before: Result, now: Result, settings: NightSettings) -> bool:
    if before.finished_at is None or not before.seconds or not now.seconds:
        return False
    slow, fast = max(before.seconds, now.seconds), min(before.seconds, now.seconds)
    return slow / fast >= settings.timing_factor and slow - fast >= settings.timing_seconds
