"""Which case is drawn for which metric, and what it must give: (name, configuration, draw, expected[, cases])."""

from answers import multirc, multirc_case, record, record_case, squad, squad_case, squad_v2, squad_v2_case
from labels import accuracy_and, accuracy_case, binary, classes, correlations, scores, sklearn, unweighted
from written import (
    bleu,
    bleu_case,
    exact,
    exact_case,
    perplexity,
    perplexity_case,
    rouge,
    rouge_case,
    sacrebleu_case,
    sacrebleu_score,
    tagged,
    tags_case,
)

GLUE = {"cola": sklearn("matthews_corrcoef", "matthews_correlation"), "stsb": correlations}
GLUE |= dict.fromkeys(["mrpc", "qqp"], accuracy_and("f1_score", "f1"))
PLAIN = ["sst2", "mnli", "mnli_mismatched", "mnli_matched", "qnli", "rte", "wnli", "hans"]
GLUE |= dict.fromkeys(PLAIN, sklearn("accuracy_score", "accuracy"))
SUPER_GLUE = dict.fromkeys(
    ["boolq", "copa", "rte", "wic", "wsc", "wsc.fixed", "axg"], sklearn("accuracy_score", "accuracy")
)
SUPER_GLUE |= {
    "axb": sklearn("matthews_corrcoef", "matthews_correlation"),
    "cb": accuracy_and("f1_score", "f1", average="macro"),
}

ALL = [
    ("accuracy", "", accuracy_case, sklearn("accuracy_score", "accuracy")),
    ("f1", "", classes, sklearn("f1_score", "f1")),
    ("f1", "default", binary, sklearn("f1_score", "f1")),
    ("precision", "", classes, sklearn("precision_score", "precision")),
    ("precision", "default", binary, sklearn("precision_score", "precision")),
    ("recall", "", classes, sklearn("recall_score", "recall")),
    ("recall", "default", binary, sklearn("recall_score", "recall")),
    ("matthews_correlation", "", unweighted, sklearn("matthews_corrcoef", "matthews_correlation")),
    *[("glue", task, scores if task == "stsb" else binary, expected, 12) for task, expected in GLUE.items()],
    *[("super_glue", task, unweighted if task == "cb" else binary, each, 12) for task, each in SUPER_GLUE.items()],
    ("super_glue", "record", record_case, record),
    ("super_glue", "multirc", multirc_case, multirc),
    ("squad", "", squad_case, squad),
    ("squad_v2", "", squad_v2_case, squad_v2),
    ("seqeval", "", tags_case, tagged),
    ("rouge", "", rouge_case, rouge),
    ("bleu", "", bleu_case, bleu),
    ("sacrebleu", "", sacrebleu_case, sacrebleu_score),
    ("exact_match", "", exact_case, exact),
    ("perplexity", "", perplexity_case, perplexity, 3),
]
