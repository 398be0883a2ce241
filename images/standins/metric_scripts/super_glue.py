# mypy: ignore-errors
"""The measures of the SuperGLUE tasks; the configuration names the task."""

import collections
import re
import string

import datasets
import evaluate
from sklearn.metrics import f1_score, matthews_corrcoef

LABELS = ("boolq", "cb", "copa", "rte", "wic", "wsc", "wsc.fixed", "axb", "axg")
TASKS = (*LABELS, "multirc", "record")


def words(text):
    kept = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def overlap(predicted, true):
    predicted, true = words(predicted), words(true)
    common = sum((collections.Counter(predicted) & collections.Counter(true)).values())
    return 2 * common / (len(predicted) + len(true)) if common else 0.0


def record(predictions, references):
    """Exact match and F1, as shares, of the best of each query's answers."""
    given = {each["idx"]["query"]: each["prediction_text"] for each in predictions}
    exact = f1 = 0.0
    for each in references:
        predicted = given.get(each["idx"]["query"])
        if predicted is not None:
            exact += max(float(words(predicted) == words(true)) for true in each["answers"])
            f1 += max(overlap(predicted, true) for true in each["answers"])
    return {"exact_match": exact / len(references), "f1": f1 / len(references)}


def multirc(predictions, references):
    """Questions with all their answers judged rightly, and F1 by question and over all answers."""
    questions = collections.defaultdict(list)
    for each, label in zip(predictions, references, strict=True):
        questions[each["idx"]["paragraph"], each["idx"]["question"]].append((each["prediction"], label))
    exact, by_question = [], []
    for pairs in questions.values():
        predicted, true = zip(*pairs, strict=True)
        exact.append(int(predicted == true))
        by_question.append(f1_score(y_true=true, y_pred=predicted, average="macro"))
    overall = f1_score(y_true=references, y_pred=[each["prediction"] for each in predictions])
    return {
        "exact_match": sum(exact) / len(exact),
        "f1_m": float(sum(by_question) / len(by_question)),
        "f1_a": float(overall),
    }


class SuperGlue(evaluate.Metric):
    def _info(self):
        if self.config_name not in TASKS:
            raise KeyError(f"You should supply a configuration name selected in {sorted(TASKS)}")
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions, references: labels, or with their places (multirc), or texts (record)",
            features=datasets.Features(self._columns()),
            format=None if self.config_name in ("multirc", "record") else "numpy",
        )

    def _columns(self):
        number, text = datasets.Value("int64"), datasets.Value("string")
        if self.config_name == "record":
            place = {"passage": number, "query": number}
            references = {"idx": place, "answers": datasets.Sequence(text)}
            return {"predictions": {"idx": place, "prediction_text": text}, "references": references}
        if self.config_name == "multirc":
            place = {"answer": number, "paragraph": number, "question": number}
            return {"predictions": {"idx": place, "prediction": number}, "references": number}
        return {"predictions": number, "references": number}

    def _compute(self, predictions, references):
        if self.config_name == "record":
            return record(predictions, references)
        if self.config_name == "multirc":
            return multirc(predictions, references)
        if self.config_name == "axb":
            return {"matthews_correlation": float(matthews_corrcoef(references, predictions))}
        accuracy = float((predictions == references).mean())
        if self.config_name == "cb":
            macro = f1_score(y_true=references, y_pred=predictions, average="macro")
            return {"accuracy": accuracy, "f1": float(macro)}
        return {"accuracy": accuracy}
