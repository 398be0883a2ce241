"""Tokenizers with the real class's behaviour and a small vocabulary, trained on made-up text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .common import Vocabulary, write_config


def make_tokenizer(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    """Write the tokenizer's files into `folder`; returns its size and where the true ids went."""
    match facts["kind"]:
        case "byte_bpe":
            from .byte_bpe import make
        case "wordpiece":
            from .wordpiece import make
        case "sentencepiece":
            from .pieces import make
        case "clip_bpe":
            from .clip_bpe import make
        case "letters":
            from .letters import make
        case kind:
            raise ValueError(f"tokenizer kind {kind!r} is not known")
    vocabulary = make(facts, folder)
    write_config(facts, vocabulary, folder)
    return vocabulary
