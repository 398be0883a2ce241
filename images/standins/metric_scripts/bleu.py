# mypy: ignore-errors
"""BLEU by counting clipped n-grams over 13a tokens, with the brevity penalty; smoothing on request."""

import collections
import math
import re

import datasets
import evaluate

RULES = (
    (r"([\{-\~\[-\` -\&\(-\+\:-\@\/])", r" \1 "),
    (r"([^0-9])([\.,])", r"\1 \2 "),
    (r"([\.,])([^0-9])", r" \1 \2"),
    (r"([0-9])(-)", r"\1 \2 "),
)


def cut(text):
    """mteval's 13a rules: punctuation apart, numbers together."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for name, letter in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        text = text.replace(name, letter)
    text = f" {text} "
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text.split()


def grams(tokens, order):
    spans = [tuple(tokens[i : i + n]) for n in range(1, order + 1) for i in range(len(tokens) - n + 1)]
    return collections.Counter(spans)


class Bleu(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string", id="sequence")
        several = {"predictions": text, "references": datasets.Sequence(text, id="references")}
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions: texts; references: one or several texts each",
            features=[datasets.Features(several), datasets.Features({"predictions": text, "references": text})],
        )

    def _compute(self, predictions, references, tokenizer=cut, max_order=4, smooth=False):
        if isinstance(references[0], str):
            references = [[each] for each in references]
        matches, possible = [0] * max_order, [0] * max_order
        length = reference_length = 0
        for predicted, truths in zip(predictions, references, strict=True):
            tokens, others = tokenizer(predicted), [tokenizer(each) for each in truths]
            length += len(tokens)
            reference_length += min(len(each) for each in others)
            merged = collections.Counter()
            for each in others:
                merged |= grams(each, max_order)
            for gram, count in (grams(tokens, max_order) & merged).items():
                matches[len(gram) - 1] += count
            for n in range(max_order):
                possible[n] += max(0, len(tokens) - n)
        extra = 1.0 if smooth else 0.0
        precisions = [
            (matches[n] + extra) / (possible[n] + extra) if possible[n] + extra > 0 else 0.0 for n in range(max_order)
        ]
        mean = math.exp(sum(math.log(p) for p in precisions) / max_order) if min(precisions) > 0 else 0.0
        ratio = length / reference_length
        penalty = 1.0 if ratio > 1.0 else (math.exp(1 - 1.0 / ratio) if ratio > 0 else 0.0)
        return {
            "bleu": mean * penalty,
            "precisions": precisions,
            "brevity_penalty": penalty,
            "length_ratio": ratio,
            "translation_length": length,
            "reference_length": reference_length,
        }
