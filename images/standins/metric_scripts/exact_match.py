# mypy: ignore-errors
"""Share of predictions that equal their reference letter by letter, after what is to be ignored is removed."""

import re
import string

import datasets
import evaluate
import numpy


class ExactMatch(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string", id="sequence")
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions, references: texts",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(
        self,
        predictions,
        references,
        regexes_to_ignore=None,
        ignore_case=False,
        ignore_punctuation=False,
        ignore_numbers=False,
    ):
        dropped = (string.punctuation if ignore_punctuation else "") + (string.digits if ignore_numbers else "")
        table = str.maketrans("", "", dropped)

        def plain(text):
            for pattern in regexes_to_ignore or ():
                text = re.sub(pattern, "", text)
            return (text.lower() if ignore_case else text).translate(table)

        pairs = zip(predictions, references, strict=True)
        return {"exact_match": float(numpy.mean([plain(p) == plain(r) for p, r in pairs]))}
