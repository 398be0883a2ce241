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
distance divergence regret violations fid eer ece brier
"""
_HIGHER_WORDS = """
accuracy acc f1 precision recall auc auroc auprc bleu rouge meteor match em mcc correlation spearman pearson
throughput map ndcg mrr pass iou dice r2 speedup success reward
"""
_TURNED_WORDS = """
reduction reductions reduced reducing reduce saving savings saved save drop drops decrease decreased decline degradation
gap difference variance deviation std avoided avoidance attack
"""
_OF_ANOTHER_WORDS = """
improvement improvements improved gain gains gained efficiency efficient effectiveness retention retained speed speedup
recovery recovered correction corrected detection detected robustness stability tolerance resilience flatness
"""
_LOWER, _HIGHER = frozenset(_LOWER_WORDS.split()), frozenset(_HIGHER_WORDS.split())
_TURNED = frozenset(_TURNED_WORDS.split())
"""How much less of something there is: what is wanted of the something says nothing of how much less."""
_OF_ANOTHER = frozenset(_OF_ANOTHER_WORDS.split())
"""Qualities, of which more is better: beside a word of what is to be small, it is not that which is measured."""
_SAYS_LOWER = re.compile(r"lower[- ](?:is|are|values? (?:is|are)) better|to be minimi[sz]ed", re.I)
_SAYS_HIGHER = re.compile(r"higher[- ](?:is|are|values? (?:is|are)) better|to be maximi[sz]ed", re.I)
_DOES_LOWER, _DOES_HIGHER = re.compile(r"minimi[sz]e[sd]? the\b", re.I), re.compile(r"maximi[sz]e[sd]? the\b", re.I)
_OBJECT_ENDS = re.compile(r",|\b(?:and|while|without|with|by|for|in|to|but|thus|so)\b", re.I)
_SHORT = 8
"""Words of a sentence that says a direction and can speak of nothing but the metric."""
_NO_METRIC = {"the", "and", "with", "test", "validation", "value", "values", "mean", "average", "rate", "score"}


def lower_is_better(name: str) -> bool:
    """Whether a metric's name is one of those that are to be small, and none of the others."""
    return direction_of_name(name) == "lower"


def direction_of_name(name: str) -> Direction | None:
    """By the words of a name; None where it says nothing, or both, or measures what becomes of another quantity.

    An error is to be small, an error reduction is not: such names are not taken for either.
    """
    words = _words(name)
    lower, higher = bool(words & _LOWER), bool(words & _HIGHER)
    if lower == higher or words & _TURNED or (lower and words & _OF_ANOTHER):
        return None
    return "lower" if lower else "higher"


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+\d?", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower()))


def direction_of(primary_metric: str | None, expected_result: str | None) -> Direction | None:
    """Of a hypothesis: what its expected result says outright, else what the metric's name says; None in doubt."""
    metric, said = primary_metric or "", expected_result or ""
    lower = _says(said, metric, _SAYS_LOWER, _DOES_LOWER)
    higher = _says(said, metric, _SAYS_HIGHER, _DOES_HIGHER)
    stated: Direction | None = None if lower == higher else "lower" if lower else "higher"
    named = direction_of_name(metric)
    if stated and named and stated != named:
        return None
    return stated or named


def _says(said: str, metric: str, outright: re.Pattern[str], does: re.Pattern[str]) -> bool:
    """Whether a direction is said of this metric: a result may speak of several quantities, and of training's loss."""
    own = {word for word in _words(metric) if len(word) > 2} - _NO_METRIC
    for sentence in re.split(r"[.;\n](?!\d)", said):
        words = _words(sentence)
        speaks_of_it = bool(own & words) or len(sentence.split()) <= _SHORT
        if outright.search(sentence) and speaks_of_it and not (words - own) & (_LOWER | _HIGHER):
            return True
        found = does.search(sentence)
        if found and own & _words(_OBJECT_ENDS.split(sentence[found.end() :])[0]):
            return True
    return False


def kind_of(run_id: str, config: Mapping[str, Any]) -> Kind | None:
    """Which side of the comparison a run is on, by its id, else by its configuration's method; None if neither says."""
    for text in (run_id, str(config.get("method") or "")):
        said = text.lower()
        proposed, baseline = "proposed" in said, any(word in said for word in _BASELINE)
        if proposed != baseline:
            return "proposed" if proposed else "baseline"
    return None
