"""review.json: the whole review, valid against the published schema."""

from __future__ import annotations

import json
import math
from typing import Any

from runner.review import Review


def render(review: Review) -> str:
    """The review as JSON text. Everything else a review writes is a view of this file."""
    document = review.model_dump(mode="json")
    for stage in document["stages"]:
        stage["counters"] = _finite(stage["counters"])
    document["timings"]["by_phase"] = _finite(document["timings"]["by_phase"])
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _finite(numbers: dict[str, Any]) -> dict[str, Any]:
    """Without NaN and infinities, which JSON cannot hold; the counters are what a submission's process reported."""
    return {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}
