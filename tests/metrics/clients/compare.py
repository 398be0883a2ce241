"""Runs with a client generation's Python: metrics of `evaluate`, loaded from HF_ENDPOINT, against their libraries.

Draws many cases for each metric and prints one JSON line per metric: {"metric", "cases", "different": [...]}.
"""

import json
import random
import sys
import warnings

import operators  # noqa: F401  (before what imports torchvision)

# isort: split
import evaluate
import oracles

CASES = 40
ROUNDING = {"perplexity": 1e-4}
"""Computed in 32 bits, alone and in batches."""
warnings.filterwarnings("ignore")


def alike(found, expected, rounding):
    """Equal up to rounding (relative), through lists and mappings."""
    if isinstance(expected, dict):
        return set(found) == set(expected) and all(alike(found[key], expected[key], rounding) for key in expected)
    if isinstance(expected, str):
        return found == expected
    if hasattr(expected, "__len__"):
        return len(found) == len(expected) and all(alike(a, b, rounding) for a, b in zip(found, expected, strict=True))
    return (found != found and expected != expected) or abs(found - expected) <= rounding * max(1.0, abs(expected))


def outcome(work, given, options):
    """The result, or the error's type: both sides must agree on errors too."""
    try:
        return work(**given, **options)
    except Exception as error:
        return {"raised": type(error).__name__}


def compare(name, configuration, draw, expected, cases):
    loaded = evaluate.load(name, configuration) if configuration else evaluate.load(name)
    rng, different, raised = random.Random(f"{name} {configuration}"), [], 0
    for _ in range(cases):
        given, options = draw(rng)
        true = outcome(expected, given, options)
        found = outcome(loaded.compute, given, options)
        raised += "raised" in true
        if not alike(found, true, ROUNDING.get(name, 1e-9)):
            different.append(repr({"given": given, "options": options, "found": found, "expected": true})[:1500])
    print(
        json.dumps({"metric": f"{name} {configuration}", "cases": cases, "raised": raised, "different": different[:2]})
    )


def main():
    chosen = sys.argv[1:]
    for name, configuration, draw, expected, *cases in oracles.ALL:
        if not chosen or name in chosen:
            compare(name, configuration, draw, expected, *(cases or [CASES]))


main()
