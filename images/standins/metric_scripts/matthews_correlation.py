# mypy: ignore-errors
"""Matthews' correlation coefficient, as scikit-learn computes it."""

import datasets
import evaluate
import numpy
from sklearn.metrics import matthews_corrcoef


class MatthewsCorrelation(evaluate.Metric):
    def _info(self):
        value = datasets.Value("int32")
        each = datasets.Sequence(value) if self.config_name == "multilabel" else value
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions, references: labels",
            features=datasets.Features({"predictions": each, "references": each}),
        )

    def _compute(self, predictions, references, sample_weight=None, average=None):
        if self.config_name != "multilabel":
            score = matthews_corrcoef(references, predictions, sample_weight=sample_weight)
            return {"matthews_correlation": float(score)}
        pairs = zip(numpy.array(references).T, numpy.array(predictions).T, strict=True)
        scores = [float(matthews_corrcoef(r, p, sample_weight=sample_weight)) for r, p in pairs]
        return {"matthews_correlation": float(numpy.mean(scores)) if average == "macro" else scores}
