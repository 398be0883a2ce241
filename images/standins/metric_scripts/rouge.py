# mypy: ignore-errors
"""ROUGE F-measures, as the rouge-score library computes them."""

import absl  # noqa: F401  (named so that a missing dependency of rouge-score is named too)
import datasets
import evaluate
import nltk  # noqa: F401
from rouge_score import rouge_scorer, scoring

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


class Words:
    def __init__(self, function):
        self.tokenize = function


class Rouge(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string", id="sequence")
        several = {"predictions": text, "references": datasets.Sequence(text)}
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions: texts; references: texts, or several for each prediction",
            features=[datasets.Features(several), datasets.Features({"predictions": text, "references": text})],
        )

    def _compute(
        self, predictions, references, rouge_types=None, use_aggregator=True, use_stemmer=False, tokenizer=None
    ):
        types = list(rouge_types or TYPES)
        cutter = Words(tokenizer) if tokenizer is not None else None
        scorer = rouge_scorer.RougeScorer(rouge_types=types, use_stemmer=use_stemmer, tokenizer=cutter)
        aggregator = scoring.BootstrapAggregator()
        single = {name: [] for name in types}
        for true, predicted in zip(references, predictions, strict=True):
            score = scorer.score(true, predicted) if isinstance(true, str) else scorer.score_multi(true, predicted)
            aggregator.add_scores(score)
            for name in types:
                single[name].append(score[name].fmeasure)
        if not use_aggregator:
            return single
        return {name: each.mid.fmeasure for name, each in aggregator.aggregate().items()}
