"""Makers of rows: `maker(rng, number, arguments) -> fields`. The catalogue names them and maps their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from . import classification, generation, images, questions, reasoning, tagging

Maker = Callable[[Random, int, Mapping[str, Any]], dict[str, Any]]

MAKERS: dict[str, Maker] = {
    **classification.MAKERS,
    **generation.MAKERS,
    **images.MAKERS,
    **questions.MAKERS,
    **reasoning.MAKERS,
    **tagging.MAKERS,
}
