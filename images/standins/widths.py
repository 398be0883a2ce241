"""Shrinks a true configuration: fewer and odder widths or fewer layers, everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USUAL = frozenset(
    [32, 64, 96, 128, 256, 300, 320, 384, 512, 640, 768, 896, 1000, 1024, 1280, 1536, 1600, 1792, 2048, 2304, 2560]
    + [3072, 3584, 4096, 5120, 5632, 6144, 8192, 8960, 9728, 11008, 12288, 14336, 16384]
)
"""Widths that code may have written into it as numbers. A stand-in has none of them, so that such code shows."""
LEAST = 100
LAYERS = 2
"""Of a wide stand-in, in each of its stacks."""
STACKS = frozenset(
    ["num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers", "encoder_layers", "decoder_layers"]
)
"""Keys that count layers, in the spellings of the families."""
PER_LAYER = frozenset(["attention_window", "layer_types", "attention_layers"])
"""Lists with one entry per layer."""


def shrunk(config: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with the widths that `rules` name replaced, in the rules' order.

    A rule is a number, or {heads: KEY} (a multiple of the number of heads that is also one of 16, as real
    widths are, since code divides them by 8 or 16 heads of its own), {heads: KEY, even: true} (the same with
    an even width per head, which rotary positions need), {ratio_to: KEY} (keeps the true ratio), {divide:
    [KEY, KEY]} (the quotient of two of the stand-in's values), or {inside: RULES} (for the configuration of a part).
    """
    found = dict(config)
    for key, rule in rules.items():
        if not isinstance(rule, Mapping):
            found[key] = rule
        elif "inside" in rule:
            found[key] = shrunk(config[key], rule["inside"])
        elif "heads" in rule:
            found[key] = _per_head(int(config[rule["heads"]]), bool(rule.get("even", False)))
        elif "divide" in rule:
            found[key] = found[rule["divide"][0]] // found[rule["divide"][1]]
        elif config.get(key) is not None:
            other = rule["ratio_to"]
            equal = config[key] == config[other]
            found[key] = found[other] if equal else _unusual(round(found[other] * config[key] / config[other] / 8) * 8)
    return found


def _per_head(heads: int, even: bool) -> int:
    each = 2
    while True:
        width = heads * each
        if width > LEAST and width % 16 == 0 and width not in USUAL and not (even and each % 2):
            return width
        each += 1


def _unusual(width: int) -> int:
    while width in USUAL:
        width += 8
    return width


def shallow(config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` with few layers and every width as it is; configurations inside it (text and vision) too."""
    found: dict[str, Any] = {}
    for key, value in config.items():
        if key in STACKS and isinstance(value, int):
            value = min(value, LAYERS)
        elif key == "depths" and isinstance(value, list):
            # ResNet's and Swin's: layers per stage.
            value = [min(each, 1) for each in value]
        elif key == "attention_types" and isinstance(value, list):
            # GPT-Neo's: [[kinds, how often], ...].
            value = [[value[0][0], max(1, LAYERS // len(value[0][0]))]]
        elif key in PER_LAYER and isinstance(value, list):
            value = value[:LAYERS]
        elif isinstance(value, Mapping):
            value = shallow(value)
        found[key] = value
    return found
