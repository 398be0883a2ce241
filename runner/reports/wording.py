"""The verdict in words: the same sentences in the terminal, the summary and the page."""

from __future__ import annotations

from runner.missing_assets import how_to_add
from runner.reports.code_issue import INCONCLUSIVE
from runner.reports.findings import Group, grouped
from runner.reports.text import count, one_line
from runner.review import EvaluationResult, Review
from runner.vocabulary import DISPUTED, Blame, Cause, CriterionOutcome, Provided, Severity, StageName, Verdict

NAMES = {
    Verdict.READY: "Ready",
    Verdict.NOT_READY: "Not ready",
    Verdict.INCONCLUSIVE: "Inconclusive",
}


def headline(review: Review) -> str:
    """The verdict and its reason in a few words."""
    groups = grouped(review.findings)
    name = NAMES[review.verdict]
    if review.verdict is Verdict.NOT_READY:
        return f"{name}: {count(sum(group.blocks for group in groups), 'blocking finding')}"
    if review.verdict is Verdict.INCONCLUSIVE:
        return f"{name}: {reason(groups, doubt(review))}"
    return f"{name}: no blocking finding"


def doubt(review: Review) -> str:
    """Why a review is inconclusive, where no finding says it: what did not run, and whose evidence is disputed."""
    inconclusive = review.verdict is Verdict.INCONCLUSIVE and review.code_issue.startswith(INCONCLUSIVE)
    return review.code_issue if inconclusive else ""


def reason(groups: list[Group], why: str = "") -> str:
    """What kept an inconclusive review from deciding; `why`: where no finding says it."""
    undecided = [group.finding for group in groups if group.undecided]
    blames = {finding.blame for finding in undecided}
    if undecided and all(finding.cause is Cause.DEVICE for finding in undecided):
        return "part of it needs a GPU"
    if Blame.ASSETS in blames and Blame.INFRASTRUCTURE in blames:
        return "assets were missing and the infrastructure failed"
    if Blame.ASSETS in blames and all(finding.stage is StageName.EVALUATE for finding in undecided):
        return "evaluation failed on runs that full mode did not log"
    if Blame.ASSETS in blames:
        return "an asset could not be served"
    if Blame.INFRASTRUCTURE in blames:
        return "the infrastructure failed"
    return "the evidence is disputed" if DISPUTED in why else "too little could be exercised"


def counts(review: Review) -> dict[str, int]:
    """How many findings of each kind are shown, and how far the checklist was exercised."""
    groups = grouped(review.findings)
    outcome = [item.outcome for item in review.checklist]
    return {
        "blocking": sum(group.blocks for group in groups),
        "undecided": sum(group.undecided for group in groups),
        "advisory": sum(group.finding.severity is Severity.ADVISORY and not group.undecided for group in groups),
        "passed": outcome.count(CriterionOutcome.PASS),
        "failed": outcome.count(CriterionOutcome.FAIL),
        "not_exercised": outcome.count(CriterionOutcome.NOT_EXERCISED),
        "criteria": len(outcome) - outcome.count(CriterionOutcome.NOT_APPLICABLE),
    }


def not_exercised(review: Review) -> list[str]:
    """Criteria whose evidence could not be gathered."""
    return [item.criterion for item in review.checklist if item.outcome is CriterionOutcome.NOT_EXERCISED]


def evaluation_words(result: EvaluationResult) -> str:
    """What the evaluation script made of the runs, and how far its numbers mean anything."""
    ended = ", ".join(f"{name} {status.value}" for name, status in result.variants.items())
    parts = [f"Run on {count(len(result.variants), 'set')} of runs ({ended})"]
    if result.gap or result.primary_metric:
        best = "; ".join(filter(None, [result.best_proposed, result.best_baseline]))
        parts.append(f"{result.primary_metric or 'no primary metric'}: {best}, gap {result.gap or 'none'}")
    parts.append(count(len(result.figures), "figure"))
    origin = "logged by full mode cut short on stand-ins"
    if result.made_up:
        origin = f"made up, since full mode did not log {', '.join(result.made_up[:4])}"
        origin += f" and {len(result.made_up) - 4} more" if len(result.made_up) > 4 else ""
    return "; ".join(parts) + f". The numbers are {origin}, and say nothing of the method."


def what_to_do(review: Review) -> list[str]:
    """The next step for what the author of the code cannot repair; empty where there is nothing of the kind."""
    blames = {finding.blame for finding in review.findings if finding.stage is not StageName.EVALUATE}
    unserved = [asset for asset in review.assets if asset.provided is Provided.MISSING]
    missing = [one_line(asset.id, 80) for asset in unserved]
    steps = []
    if Blame.ASSETS in blames or missing:
        named = f" ({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''})" if missing else ""
        steps.append(
            f"The sandbox could not serve what was asked for{named}; sandbox-review assets list shows what it has. "
            f"{how_to_add(unserved)}".rstrip()
        )
    if any(f.blame is Blame.ASSETS and f.stage is StageName.EVALUATE for f in review.findings):
        steps.append("Repair what keeps full mode from logging; evaluation is then seen on what it really logs.")
    if any(f.blame is Blame.INFRASTRUCTURE and f.cause is Cause.DEVICE for f in review.findings):
        steps.append("Review it with gpu=1 on a machine that has a GPU.")
    if any(f.blame is Blame.INFRASTRUCTURE and f.cause is not Cause.DEVICE for f in review.findings):
        steps.append("Ask sandbox-review doctor what this machine lacks, then review again.")
    return steps
