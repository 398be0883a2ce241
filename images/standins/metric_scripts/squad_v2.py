# mypy: ignore-errors
"""Exact match and F1 of predicted answer spans, in percent, where a question may have no answer (SQuAD 2.0).

A prediction whose `no_answer_probability` is above `no_answer_threshold` counts as "no answer". The best scores
are those at the threshold that suits the predictions best.
"""

import collections
import re
import string

import datasets
import evaluate


def words(text):
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def f1(true, predicted):
    true, predicted = words(true), words(predicted)
    if not true or not predicted:
        return int(true == predicted)
    common = sum((collections.Counter(true) & collections.Counter(predicted)).values())
    if common == 0:
        return 0
    precision, recall = common / len(predicted), common / len(true)
    return 2 * precision * recall / (precision + recall)


def averages(exact, overlap, ids):
    count = len(ids)
    return {
        "exact": 100.0 * sum(exact[each] for each in ids) / count,
        "f1": 100.0 * sum(overlap[each] for each in ids) / count,
        "total": count,
    }


def best(scores, texts, doubts, answerable):
    """The highest total over all thresholds, in percent, and the lowest threshold that gives it."""
    total = highest = sum(not each for each in answerable.values())
    threshold = 0.0
    for each in sorted(doubts, key=lambda name: doubts[name]):
        if each not in scores:
            continue
        total += scores[each] if answerable[each] else (-1 if texts[each] else 0)
        if total > highest:
            highest, threshold = total, doubts[each]
    return 100.0 * highest / len(scores), threshold


class SquadV2(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        answers = datasets.Sequence({"text": text, "answer_start": datasets.Value("int32")})
        predictions = {"id": text, "prediction_text": text, "no_answer_probability": datasets.Value("float32")}
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions: {id, prediction_text, no_answer_probability}; references: {id, answers}",
            features=datasets.Features({"predictions": predictions, "references": {"id": text, "answers": answers}}),
        )

    def _compute(self, predictions, references, no_answer_threshold=1.0):
        texts = {each["id"]: each["prediction_text"] for each in predictions}
        doubts = {each["id"]: each["no_answer_probability"] for each in predictions}
        answerable = {each["id"]: bool(each["answers"]["text"]) for each in references}
        raw_exact, raw_f1 = {}, {}
        for each in references:
            name = each["id"]
            if name not in texts:
                print(f"Missing prediction for {name}")
                continue
            truths = [true for true in each["answers"]["text"] if words(true)] or [""]
            raw_exact[name] = max(int(words(true) == words(texts[name])) for true in truths)
            raw_f1[name] = max(f1(true, texts[name]) for true in truths)

        def decided(scores):
            unsure = {name for name in scores if doubts[name] > no_answer_threshold}
            return {name: float(not answerable[name]) if name in unsure else scores[name] for name in scores}

        exact, overlap = decided(raw_exact), decided(raw_f1)
        found = averages(exact, overlap, list(exact))
        for prefix, wanted in (("HasAns", True), ("NoAns", False)):
            ids = [name for name in answerable if answerable[name] is wanted]
            if ids:
                found |= {f"{prefix}_{key}": value for key, value in averages(exact, overlap, ids).items()}
        found["best_exact"], found["best_exact_thresh"] = best(raw_exact, texts, doubts, answerable)
        found["best_f1"], found["best_f1_thresh"] = best(raw_f1, texts, doubts, answerable)
        return found
