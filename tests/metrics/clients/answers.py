"""Metrics over answers to questions, by the definitions of SQuAD and SuperGLUE."""

import collections
import re
import string

import numpy
from drawing import near, sentence


def normalised(text):
    text = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def answer_f1(true, predicted, empty):
    """`empty`: whether two empty answers agree, as in version 2; in version 1 they have no word in common."""
    true, predicted = normalised(true).split(), normalised(predicted).split()
    if empty and (not true or not predicted):
        return float(true == predicted)
    common = sum((collections.Counter(true) & collections.Counter(predicted)).values())
    if not common:
        return 0.0
    precision, recall = common / len(predicted), common / len(true)
    return 2 * precision * recall / (precision + recall)


def squad_case(rng, unanswerable=0.0):
    predictions, references = [], []
    for number in range(rng.randint(1, 8)):
        truths = [sentence(rng, 1) for _ in range(rng.randint(1, 3))]
        told = near(rng, truths[0])
        if rng.random() < unanswerable:
            truths = []
        if rng.random() < unanswerable:
            told = ""
        predictions.append({"id": str(number), "prediction_text": told})
        answers = {"text": truths, "answer_start": [0] * len(truths)}
        references.append({"id": str(number), "answers": answers})
    return {"predictions": predictions, "references": references}, {}


def squad(predictions, references):
    exact = f1 = 0.0
    for told, each in zip(predictions, references, strict=True):
        truths = each["answers"]["text"]
        exact += max(normalised(true) == normalised(told["prediction_text"]) for true in truths)
        f1 += max(answer_f1(true, told["prediction_text"], empty=False) for true in truths)
    return {"exact_match": 100 * exact / len(references), "f1": 100 * f1 / len(references)}


def squad_v2_case(rng):
    given, _ = squad_case(rng, unanswerable=0.4)
    for each in given["predictions"]:
        each["no_answer_probability"] = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0])
    return given, ({"no_answer_threshold": rng.choice([0.1, 0.6])} if rng.random() < 0.5 else {})


def squad_v2(predictions, references, no_answer_threshold=1.0):
    raw = {"exact": {}, "f1": {}}
    doubt = {each["id"]: each["no_answer_probability"] for each in predictions}
    told = {each["id"]: each["prediction_text"] for each in predictions}
    has = {each["id"]: bool(each["answers"]["text"]) for each in references}
    for each in references:
        truths = [true for true in each["answers"]["text"] if normalised(true)] or [""]
        text = told[each["id"]]
        raw["exact"][each["id"]] = max(float(normalised(true) == normalised(text)) for true in truths)
        raw["f1"][each["id"]] = max(answer_f1(true, text, empty=True) for true in truths)

    def at(scores, threshold, ids):
        return 100 * sum(scores[i] if doubt[i] <= threshold else float(not has[i]) for i in ids) / len(ids)

    found = {}
    for prefix, ids in (
        ("", list(has)),
        ("HasAns_", [i for i in has if has[i]]),
        ("NoAns_", [i for i in has if not has[i]]),
    ):
        if ids:
            found |= {f"{prefix}{name}": at(each, no_answer_threshold, ids) for name, each in raw.items()}
            found[f"{prefix}total"] = len(ids)
    for name, each in raw.items():
        found[f"best_{name}"], found[f"best_{name}_thresh"] = sweep(each, told, doubt, has)
    return found


def sweep(each, told, doubt, has):
    """Answers come in one after the other, surest first; until then every question counts as "no answer"."""
    order = sorted(doubt, key=doubt.get)
    steps = [sum(1 for i in has if not has[i])]
    for i in order:
        steps.append(steps[-1] + (each[i] if has[i] else -1 if told[i] else 0))
    highest = max(steps)
    place = steps.index(highest)
    return 100 * highest / len(each), doubt[order[place - 1]] if place else 0.0


def record_case(rng):
    count = rng.randint(1, 6)
    places = [{"passage": rng.randrange(3), "query": number} for number in range(count)]
    answers = [[sentence(rng, 1) for _ in range(rng.randint(1, 3))] for _ in range(count)]
    told = [{"idx": place, "prediction_text": near(rng, each[0])} for place, each in zip(places, answers, strict=True)]
    return {
        "predictions": told,
        "references": [{"idx": p, "answers": a} for p, a in zip(places, answers, strict=True)],
    }, {}


def record(predictions, references):
    exact = f1 = 0.0
    for told, each in zip(predictions, references, strict=True):
        exact += max(normalised(true) == normalised(told["prediction_text"]) for true in each["answers"])
        f1 += max(answer_f1(true, told["prediction_text"], empty=False) for true in each["answers"])
    return {"exact_match": exact / len(references), "f1": f1 / len(references)}


def multirc_case(rng):
    predictions, references = [], []
    for paragraph in range(rng.randint(1, 3)):
        for question in range(rng.randint(1, 3)):
            for answer in range(rng.randint(1, 4)):
                place = {"paragraph": paragraph, "question": question, "answer": answer}
                predictions.append({"idx": place, "prediction": rng.randrange(2)})
                references.append(rng.randrange(2))
    return {"predictions": predictions, "references": references}, {}


def multirc(predictions, references):
    from sklearn.metrics import f1_score

    by_question = collections.defaultdict(list)
    for told, label in zip(predictions, references, strict=True):
        by_question[told["idx"]["paragraph"], told["idx"]["question"]].append((told["prediction"], label))
    groups = [list(zip(*pairs, strict=True)) for pairs in by_question.values()]
    return {
        "exact_match": float(numpy.mean([told == true for told, true in groups])),
        "f1_m": float(numpy.mean([f1_score(true, told, average="macro") for told, true in groups])),
        "f1_a": float(f1_score(references, [told["prediction"] for told in predictions])),
    }
