"""Which runs are compared with which, and whether a metric is to be large or small, as far as names say so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

Direction = Literal["higher", "lower"]
Kind = Literal["proposed", "baseline"]

_BASELINE = ("comparative", "baseline")
_LOWER_WORDS = """
loss perplexity ppl error err wer cer mse rmse mae nll latency runtime time seconds energy memory flops overhead cost
distance divergence regret violations fid eer ece
"""
_HIGHER_WORDS = """
accuracy acc f1 precision recall auc auroc auprc bleu rouge meteor score match em mcc correlation spearman pearson
throughput map ndcg mrr pass iou dice r2 speedup success reward
"""
_LOWER, _HIGHER = frozenset(_LOWER_WORDS.split()), frozenset(_HIGHER_WORDS.split())
_SAYS_LOWER = re.compile(r"lower[- ](?:is|are|values? (?:is|are)) better|to be minimi[sz]ed|minimi[sz]e[sd]? the", re.I)
_SAYS_HIGHER = re.compile(
    r"higher[- ](?:is|are|values? (?:is|are)) better|to be maximi[sz]ed|maximi[sz]e[sd]? the", re.I
)


def lower_is_better(name: str) -> bool:
    """Whether a metric's name is one of those that are to be small, and none of the others."""
    return direction_of_name(name) == "lower"


def direction_of_name(name: str) -> Direction | None:
    """By the words of a name; None where it says nothing, or both."""
    words = set(re.findall(r"[a-z]+\d?", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    lower, higher = bool(words & _LOWER), bool(words & _HIGHER)
    if lower == higher:
        return None
    return "lower" if lower else "higher"


def direction_of(primary_metric: str | None, expected_result: str | None) -> Direction | None:
    """Of a hypothesis: what its expected result says outright, else what the metric's name says; None in doubt."""
    said = expected_result or ""
    lower, higher = bool(_SAYS_LOWER.search(said)), bool(_SAYS_HIGHER.search(said))
    stated: Direction | None = None if lower == higher else "lower" if lower else "higher"
    named = direction_of_name(primary_metric or "")
    if stated and named and stated != named:
        return None
    return stated or named


def kind_of(run_id: str, config: Mapping[str, Any]) -> Kind | None:
    """Which side of the comparison a run is on, by its id, else by its configuration's method; None if neither says."""
    for text in (run_id, str(config.get("method") or "")):
        said = text.lower()
        proposed, baseline = "proposed" in said, any(word in said for word in _BASELINE)
        if proposed != baseline:
            return "proposed" if proposed else "baseline"
    return None
