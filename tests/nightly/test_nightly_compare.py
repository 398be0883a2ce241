"""What changed: a table of two results and what a night says of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner.nightly.compare import change_of, next_role, settled
from runner.nightly.night import Change, NightVerdict, Result
from runner.nightly.settings import load_nightly_settings

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = load_nightly_settings(["nightly.timing_factor=2", "nightly.timing_seconds=30"]).nightly


def seen(verdict: str, *causes: str, seconds: float = 100, infrastructure: bool = False) -> Result:
    given = NightVerdict(verdict)
    return Result(
        verdict=given, causes=list(causes), seconds=seconds, infrastructure=infrastructure, finished_at=NOW, key="k"
    )


READY, SLOW, BARELY = seen("ready"), seen("ready", seconds=200), seen("ready", seconds=199)
FAILS, FAILS_ELSE = seen("not_ready", "a: logic"), seen("not_ready", "b: logic")
NO_ASSET, NO_GPU = seen("inconclusive", "x: hub-asset"), seen("inconclusive", "y: device")
LOST, UNUSABLE = seen("inconclusive", infrastructure=True), seen("unusable")
EXPECTED_READY, EXPECTED_FAILS = Result(verdict="ready"), Result(verdict="not_ready")


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (None, READY, Change.NEW),
        (None, FAILS, Change.NEW),
        (None, NO_ASSET, Change.NEW),
        (None, LOST, Change.INFRASTRUCTURE),
        (READY, READY, Change.UNCHANGED),
        (FAILS, FAILS, Change.UNCHANGED),
        (NO_GPU, NO_GPU, Change.UNCHANGED),
        (READY, FAILS, Change.NEW_FAILURE),
        (READY, UNUSABLE, Change.NEW_FAILURE),
        (NO_ASSET, FAILS, Change.NEW_FAILURE),
        (FAILS, READY, Change.REPAIRED),
        (NO_ASSET, READY, Change.REPAIRED),
        (FAILS, FAILS_ELSE, Change.CHANGED_CAUSE),
        (FAILS, UNUSABLE, Change.CHANGED_CAUSE),
        (NO_GPU, NO_ASSET, Change.CHANGED_CAUSE),
        (READY, NO_ASSET, Change.INFRASTRUCTURE),
        (READY, LOST, Change.INFRASTRUCTURE),
        (FAILS, LOST, Change.INFRASTRUCTURE),
        (READY, SLOW, Change.CHANGED_TIMING),
        (SLOW, READY, Change.CHANGED_TIMING),
        (READY, BARELY, Change.UNCHANGED),
        (seen("ready", seconds=1), seen("ready", seconds=20), Change.UNCHANGED),
        (EXPECTED_READY, SLOW, Change.UNCHANGED),
        (EXPECTED_READY, FAILS, Change.NEW_FAILURE),
        (EXPECTED_FAILS, FAILS, Change.UNCHANGED),
        (EXPECTED_FAILS, READY, Change.REPAIRED),
    ],
)
def test_change(before: Result | None, now: Result, change: Change) -> None:
    assert change_of(before, now, SETTINGS) is change


@pytest.mark.parametrize(
    ("before", "runs", "role"),
    [
        (READY, [], "first"),
        (READY, [READY], None),
        (None, [FAILS], None),
        (READY, [SLOW], None),
        (READY, [FAILS], "confirmation"),
        (READY, [FAILS, FAILS], None),
        (READY, [LOST], "again"),
        (READY, [LOST, LOST], None),
        (READY, [LOST, READY], None),
        (READY, [LOST, FAILS], "confirmation"),
        (READY, [LOST, FAILS, LOST], None),
        (READY, [FAILS, LOST], None),
        (READY, [NO_ASSET], "confirmation"),
    ],
)
def test_next_role(before: Result | None, runs: list[Result], role: str | None) -> None:
    assert next_role(before, runs, SETTINGS) == role


@pytest.mark.parametrize(
    ("before", "runs", "answer"),
    [
        (READY, [FAILS, FAILS], (Change.NEW_FAILURE, FAILS, FAILS)),
        (READY, [FAILS, READY], (Change.FLAKY, FAILS, READY)),
        (READY, [FAILS, FAILS_ELSE], (Change.NEW_FAILURE, FAILS, FAILS_ELSE)),
        (READY, [FAILS, UNUSABLE], (Change.NEW_FAILURE, FAILS, UNUSABLE)),
        (EXPECTED_READY, [FAILS_ELSE, FAILS], (Change.NEW_FAILURE, FAILS_ELSE, FAILS)),
        (READY, [FAILS, NO_ASSET], (Change.FLAKY, FAILS, NO_ASSET)),
        (READY, [NO_ASSET, NO_GPU], (Change.INFRASTRUCTURE, NO_ASSET, NO_GPU)),
        (FAILS, [FAILS_ELSE, FAILS_ELSE], (Change.CHANGED_CAUSE, FAILS_ELSE, FAILS_ELSE)),
        (FAILS, [FAILS_ELSE, FAILS], (Change.FLAKY, FAILS_ELSE, FAILS)),
        (READY, [LOST, READY], (Change.UNCHANGED, READY, None)),
        (READY, [LOST, FAILS, FAILS], (Change.NEW_FAILURE, FAILS, FAILS)),
        (READY, [FAILS, LOST], (Change.INFRASTRUCTURE, FAILS, LOST)),
        (READY, [LOST, LOST], (Change.INFRASTRUCTURE, LOST, None)),
    ],
)
def test_nothing_is_reported_that_was_seen_once(
    before: Result, runs: list[Result], answer: tuple[Change, Result, Result | None]
) -> None:
    assert settled(before, runs, SETTINGS) == answer
