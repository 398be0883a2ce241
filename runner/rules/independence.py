"""What training must leave to the evaluation script: running it, drawing figures, writing results."""

from __future__ import annotations

from runner.evidence import Evidence, TrialFacts
from runner.probe_facts import ProbeFacts, Written
from runner.rules.base import Case, Judgement, decides
from runner.rules.observed import FINE, Look, at, fault, over_trials, run_draft, unsure
from runner.rules.runs_evaluation import calls_its_start, runs_when_imported, starts_evaluation
from runner.vocabulary import Cause

_FIGURES = (".pdf", ".png", ".svg", ".jpg", ".jpeg", ".eps")
_EVALUATION = "src/evaluate.py"
_RESULT_WORDS = ("result", "metric", "score", "summary", "final", "prediction", "history")
_NOT_RESULTS = ("config", "tokenizer", "vocab", "adapter", "generation", "special_tokens", "trainer_state", "wandb")
"""JSON files of libraries: models, tokenizers and W&B write these beside the weights."""


@decides("evaluate.independent")
def independent(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _independent(case, evidence, facts), "started")


def _independent(case: Case, evidence: Evidence, facts: ProbeFacts) -> Look:
    message = "Training runs evaluate.py, which has to be started by itself, when all runs are done."
    named = [item for item in facts.started if item.evaluates]
    started = next((item for item in named if starts_evaluation(item.command)), None)
    if started is not None:
        draft = run_draft(
            "evaluate.independent", Cause.EVALUATE, evidence, message, started.place, seen=started.command
        )
        return fault(draft)
    files = case.submission.files
    script = files.get(_EVALUATION, "")
    imported = [place for place in facts.imported_evaluation if place.file != _EVALUATION]
    for place in imported:
        if runs_when_imported(script) or calls_its_start(files.get(place.file or "", ""), script):
            return fault(run_draft("evaluate.independent", Cause.EVALUATE, evidence, message, place))
    if imported:
        return unsure(f"{at(imported[0])} imports evaluate.py; that it runs it was not seen")
    unclear = next((item.command for item in named if "src.evaluate" in item.command or len(item.command) >= 300), "")
    return unsure(f"whether this runs evaluate.py cannot be told: {unclear[:100]}") if unclear else FINE


@decides("evaluate.training_draws_nothing")
def training_draws_nothing(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _figures(evidence, facts), "written")


def _figures(evidence: Evidence, facts: ProbeFacts) -> Look:
    evaluating = _evaluating(facts)
    drawn = [
        item
        for item in facts.written
        if item.path.lower().endswith(_FIGURES) and _experiments_own(item) and item.pid not in evaluating
    ]
    return fault(
        *(
            run_draft(
                "evaluate.training_draws_nothing",
                Cause.LOGIC,
                evidence,
                f"The trial writes the figure {item.path}; only evaluate.py may draw.",
                item.place,
                root=("figure", item.path.replace(evidence.run_id or "", "<run>")),
            )
            for item in drawn
        )
    )


@decides("wandb.no_result_dump")
def no_result_dump(case: Case) -> Judgement:
    return over_trials(case, lambda evidence, facts: _dumps(evidence, facts), "written")


def _dumps(evidence: Evidence, facts: ProbeFacts) -> Look:
    evaluating = _evaluating(facts)
    dumped = [item for item in facts.written if _is_dump(item) and item.pid not in evaluating]
    printed = evidence.facts.printed_documents if isinstance(evidence.facts, TrialFacts) and not evaluating else []
    results = next((keys for keys in printed if any(_names_a_result(key) for key in keys)), None)
    if results is not None and not dumped:
        message = f"Training prints its results as JSON ({', '.join(results[:6])}); W&B alone is to have them."
        return fault(run_draft("wandb.no_result_dump", Cause.WANDB, evidence, message, root=("dump", "printed")))
    return fault(
        *(
            run_draft(
                "wandb.no_result_dump",
                Cause.WANDB,
                evidence,
                f"Training writes its results to {item.path}; W&B alone is to have them.",
                item.place,
                root=("dump", item.path.replace(evidence.run_id or "", "<run>")),
            )
            for item in dumped
        )
    )


def _is_dump(item: Written) -> bool:
    """A JSON file that the submission's own code writes and names after results."""
    name = item.path.rsplit("/", 1)[-1].lower()
    if not name.endswith((".json", ".jsonl")) or not _experiments_own(item) or item.place.file is None:
        return False
    return any(word in name for word in _RESULT_WORDS) and not any(word in name for word in _NOT_RESULTS)


def _names_a_result(key: str) -> bool:
    return any(word in key.lower() for word in (*_RESULT_WORDS, *_METRICS))


_METRICS = ("acc", "f1", "loss", "precision", "recall", "bleu", "rouge", "perplexity", "exact_match", "auc", "score")


def _experiments_own(item: Written) -> bool:
    """Written by the experiment, not by a library into its cache or by W&B into its run's folder."""
    hidden = item.path.startswith((".", "~/", "/tmp/", "wandb/")) or "/.cache/" in item.path or "/wandb/" in item.path
    return not hidden and item.place.file != _EVALUATION


def _evaluating(facts: ProbeFacts) -> set[int]:
    """Processes that are the evaluation script; that they run is another criterion's finding."""
    return {
        process.pid
        for process in facts.processes
        if "src.evaluate" in process.command or _EVALUATION in process.command
    }
