"""A submission of a night while something of it is still to be known, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from runner.nightly.corpus import Member
from runner.nightly.key import Key, Surroundings, key_of
from runner.nightly.night import NightVerdict, Result
from runner.nightly.settings import NightlySettings
from runner.settings import Settings, SettingsError
from runner.submissions import SubmissionError, UnreadableError
from sandbox.errors import InfrastructureError


@dataclass
class Opened:
    """A submission that can be reviewed."""

    member: Member
    digest: str
    key: Key
    settings: Settings
    before: Result | None
    results: list[Result] = field(default_factory=list)
    reused: bool = False
    roles: tuple[str, ...] = ()
    """The runs that it gets, whatever they show; empty: as many as the comparison needs."""


def opened(
    member: Member, before: Result | None, night: NightlySettings, around: Callable[[Settings], Surroundings]
) -> Opened | Result:
    """The submission with its key, to be compared with `before`; a result at once where it cannot be reviewed.

    Only what lies there and is no submission is `unusable`. A path that is gone, a missing git, words of an
    `expect.yaml` that cannot be used and the like are ours, and say nothing of the submission.
    """
    now = datetime.now(UTC)
    try:
        submission = member.load()
        settings = night.review_settings(member.expect.overrides)
        key = key_of(submission, settings, around(settings))
    except (UnreadableError, SettingsError, InfrastructureError) as error:
        return Result(verdict=NightVerdict.INCONCLUSIVE, infrastructure=True, problem=str(error), finished_at=now)
    except SubmissionError as error:
        return Result(verdict=NightVerdict.UNUSABLE, problem=str(error), finished_at=now)
    return Opened(member, submission.digest, key, settings, before)
