# mypy: ignore-errors
"""The measures of the SuperGLUE tasks that compare labels; the configuration names the task."""

import datasets
import evaluate
from sklearn.metrics import f1_score, matthews_corrcoef

LABELS = ("boolq", "cb", "copa", "rte", "wic", "wsc", "wsc.fixed", "axb", "axg")


class SuperGlue(evaluate.Metric):
    def _info(self):
        if self.config_name not in LABELS:
            raise KeyError(f"You should supply a configuration name selected in {sorted(LABELS)}")
        value = datasets.Value("int64")
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions, references: labels",
            features=datasets.Features({"predictions": value, "references": value}),
            format="numpy",
        )

    def _compute(self, predictions, references):
        if self.config_name == "axb":
            return {"matthews_correlation": float(matthews_corrcoef(references, predictions))}
        accuracy = float((predictions == references).mean())
        if self.config_name == "cb":
            macro = f1_score(y_true=references, y_pred=predictions, average="macro")
            return {"accuracy": accuracy, "f1": float(macro)}
        return {"accuracy": accuracy}
