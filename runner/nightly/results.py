"""From what a review left in its folder to its result."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from runner.nightly.night import FirstCause, NightVerdict, Result
from runner.nightly.review_process import OUTPUT, REVIEW, Ran
from runner.reports.findings import grouped
from runner.review import Finding, Review
from runner.vocabulary import Blame, Cause, Severity, Verdict

_UNUSABLE = 2
_LAST_WORDS = 2000


def result_of(folder: Path, ran: Ran, night: Path, key: str) -> Result:
    """The result of the review in `folder`, which lies below the night's directory."""
    finished_at = datetime.fromisoformat(ran.finished_at)
    lost = Result(
        verdict=NightVerdict.INCONCLUSIVE,
        infrastructure=True,
        problem=ran.problem,
        seconds=ran.seconds,
        finished_at=finished_at,
        key=key,
    )
    if ran.exit_status is None:
        return lost
    words = _last_words(folder / OUTPUT)
    if ran.exit_status == _UNUSABLE:
        problem = words or "the submission cannot be used"
        return lost.model_copy(update={"verdict": NightVerdict.UNUSABLE, "infrastructure": False, "problem": problem})
    try:
        review = Review.model_validate_json((folder / REVIEW / "review.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        problem = words or f"it ended with status {ran.exit_status} and left no review: {error}"
        return lost.model_copy(update={"problem": problem})
    first = next((group.finding for group in grouped(review.findings) if group.blocks or group.undecided), None)
    return Result(
        verdict=NightVerdict(review.verdict),
        infrastructure=_spoilt(review),
        causes=causes_of(review),
        first_cause=_first_cause(first) if first else None,
        seconds=ran.seconds,
        finished_at=finished_at,
        review=str((folder / REVIEW).relative_to(night)),
        key=key,
    )


def causes_of(review: Review) -> list[str]:
    """What decided the verdict. Lines and words are left out: they change with what changes nothing."""
    blame = {Verdict.NOT_READY: {Blame.SUBMISSION}, Verdict.READY: set()}.get(review.verdict, set(Blame))
    blocking = [finding for finding in review.findings if finding.severity is Severity.BLOCKING]
    return sorted({f"{finding.criterion}: {finding.cause}" for finding in blocking if finding.blame in blame})


def _spoilt(review: Review) -> bool:
    """Whether infrastructure kept it from a verdict. That a machine has no GPU is no trouble: it is known."""
    return review.verdict is Verdict.INCONCLUSIVE and any(
        finding.blame is Blame.INFRASTRUCTURE and finding.cause is not Cause.DEVICE for finding in review.findings
    )


def _first_cause(finding: Finding) -> FirstCause:
    return FirstCause.model_validate({name: getattr(finding, name) for name in FirstCause.model_fields})


def _last_words(path: Path) -> str:
    try:
        return path.read_bytes()[-_LAST_WORDS:].decode("utf-8", "replace").strip()
    except OSError:
        return ""
