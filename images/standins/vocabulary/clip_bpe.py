"""CLIP's BPE: lower case, words end in `</w>`, texts stand between two special tokens that come last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from ..text import corpus
from .common import LINES, Vocabulary, filler_tokens, finish, save_json

WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
SUFFIX = "</w>"
START, END = "<|startoftext|>", "<|endoftext|>"


def make(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    regular, merges = _train(int(facts["regular"]))
    last = [each["content"] for each in facts["last"]]
    filler = filler_tokens(facts, len(regular) + len(last))
    vocab = {token: number for number, token in enumerate([*regular, *filler, *last])}
    model = models.BPE(vocab, merges, unk_token=END, end_of_word_suffix=SUFFIX, continuing_subword_prefix="")
    tokenizer = _plain(model)
    tokenizer.decoder = decoders.ByteLevel()
    vocabulary = finish(facts, tokenizer, range(len(regular), len(regular) + len(filler)))
    tokenizer.post_processor = processors.RobertaProcessing(
        (END, vocab[END]), (START, vocab[START]), trim_offsets=False, add_prefix_space=False
    )
    save_json(tokenizer, folder)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return vocabulary


def _plain(model: Any) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    return tokenizer


def _train(size: int) -> tuple[list[str], list[tuple[str, str]]]:
    """Tokens (bytes, bytes that end a word, what merges make) and merges in order of their rank."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner = _plain(models.BPE(end_of_word_suffix=SUFFIX))
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, end_of_word_suffix=SUFFIX, show_progress=False
    )
    learner.train_from_iterator(corpus(LINES), trainer)
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in learned["merges"]]
    merged = ["".join(pair) for pair in merges]
    tokens = [*alphabet, *(letter + SUFFIX for letter in alphabet), *dict.fromkeys(merged)]
    kept = tokens[:size]
    known = set(kept)
    ranked = [(a, b) for a, b in merges if a + b in known]
    return kept, ranked
