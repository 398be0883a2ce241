# mypy: ignore-errors
"""Exact match and F1 over words of predicted answer spans, in percent, as SQuAD's own evaluation gives them."""

import collections
import re
import string

import datasets
import evaluate


def words(text):
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def f1(predicted, true):
    predicted, true = words(predicted), words(true)
    common = sum((collections.Counter(predicted) & collections.Counter(true)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(predicted), common / len(true)
    return 2 * precision * recall / (precision + recall)


class Squad(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        answers = datasets.Sequence({"text": text, "answer_start": datasets.Value("int32")})
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions: {id, prediction_text}; references: {id, answers}",
            features=datasets.Features(
                {
                    "predictions": {"id": text, "prediction_text": text},
                    "references": {"id": text, "answers": answers},
                }
            ),
        )

    def _compute(self, predictions, references):
        given = {each["id"]: each["prediction_text"] for each in predictions}
        exact = overlap = 0.0
        for each in references:
            predicted = given.get(each["id"])
            if predicted is None:
                continue
            truths = each["answers"]["text"]
            exact += max(float(words(predicted) == words(true)) for true in truths)
            overlap += max(f1(predicted, true) for true in truths)
        count = len(references)
        return {"exact_match": 100.0 * exact / count, "f1": 100.0 * overlap / count}
