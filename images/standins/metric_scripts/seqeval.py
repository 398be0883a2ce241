# mypy: ignore-errors
"""Precision, recall and F1 over whole entities, as the seqeval library computes them."""

import importlib

import datasets
import evaluate
from seqeval.metrics import accuracy_score, classification_report


class Seqeval(evaluate.Metric):
    def _info(self):
        tags = datasets.Sequence(datasets.Value("string", id="label"), id="sequence")
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions, references: lists of lists of tags",
            features=datasets.Features({"predictions": tags, "references": tags}),
        )

    def _compute(
        self,
        predictions,
        references,
        suffix=False,
        scheme=None,
        mode=None,
        sample_weight=None,
        zero_division="warn",
    ):
        if scheme is not None:
            scheme = getattr(importlib.import_module("seqeval.scheme"), scheme)
        report = classification_report(
            y_true=references,
            y_pred=predictions,
            suffix=suffix,
            output_dict=True,
            scheme=scheme,
            mode=mode,
            sample_weight=sample_weight,
            zero_division=zero_division,
        )
        report.pop("macro avg")
        report.pop("weighted avg")
        overall = report.pop("micro avg")
        found = {
            name: {
                "precision": each["precision"],
                "recall": each["recall"],
                "f1": each["f1-score"],
                "number": each["support"],
            }
            for name, each in report.items()
        }
        found["overall_precision"] = overall["precision"]
        found["overall_recall"] = overall["recall"]
        found["overall_f1"] = overall["f1-score"]
        found["overall_accuracy"] = accuracy_score(y_true=references, y_pred=predictions)
        return found
