"""A vocabulary of letters, as speech recognisers spell with: small enough to be the true one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .common import Vocabulary


def make(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    """Write vocab.json from the facts' `tokens`, which stand in the order of their ids."""
    ids = {token: number for number, token in enumerate(facts["tokens"])}
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    return Vocabulary(len(ids), len(ids), ids, {number: number for number in ids.values()})
