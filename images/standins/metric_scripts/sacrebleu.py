# mypy: ignore-errors
"""BLEU as the sacrebleu library computes it."""

import datasets
import evaluate
import sacrebleu as library


class Sacrebleu(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string", id="sequence")
        several = {"predictions": text, "references": datasets.Sequence(text, id="references")}
        return evaluate.MetricInfo(
            description=__doc__,
            citation="",
            inputs_description="predictions: texts; references: as many texts for each",
            features=[datasets.Features(several), datasets.Features({"predictions": text, "references": text})],
        )

    def _compute(
        self,
        predictions,
        references,
        smooth_method="exp",
        smooth_value=None,
        force=False,
        lowercase=False,
        tokenize=None,
        use_effective_order=False,
    ):
        if isinstance(references[0], str):
            references = [[each] for each in references]
        if any(len(each) != len(references[0]) for each in references):
            raise ValueError("Sacrebleu requires the same number of references for each prediction")
        turned = [[each[i] for each in references] for i in range(len(references[0]))]
        options = {} if tokenize is None else {"tokenize": tokenize}
        score = library.corpus_bleu(
            predictions,
            turned,
            smooth_method=smooth_method,
            smooth_value=smooth_value,
            force=force,
            lowercase=lowercase,
            use_effective_order=use_effective_order,
            **options,
        )
        return {
            "score": score.score,
            "counts": score.counts,
            "totals": score.totals,
            "precisions": score.precisions,
            "bp": score.bp,
            "sys_len": score.sys_len,
            "ref_len": score.ref_len,
        }
