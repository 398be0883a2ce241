"""Byte-level BPE: GPT-2, RoBERTa, BART, OPT, Phi, Qwen, Llama 3. Every text round-trips."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from ..text import corpus
from .common import LINES, Vocabulary, added, filler_tokens, finish, save_json

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    "digits_one_by_one": rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{REST}",
    "digits_by_three": rf"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{REST}",
}
"""How the newer families cut text before merging; the others use GPT-2's rule, which `tokenizers` has built in."""


def make(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    vocab, merges, filler = _train(facts)
    tokenizer = Tokenizer(models.BPE(vocab, merges, ignore_merges=bool(facts.get("ignore_merges", False))))
    if facts.get("normalizer") == "nfc":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _pre_tokenizer(facts)
    tokenizer.decoder = decoders.ByteLevel()
    vocabulary = finish(facts, tokenizer, filler)
    tokenizer.post_processor = _post_processor(facts, vocabulary)
    files = facts["files"]
    if "tokenizer.json" in files:
        save_json(tokenizer, folder)
    if "vocab.json" in files:
        (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    if "merges.txt" in files:
        lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
        (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return vocabulary


def _train(facts: Mapping[str, Any]) -> tuple[dict[str, int], list[tuple[str, str]], range]:
    """Vocabulary (first tokens, bytes and merges, filler, last tokens), merges by rank, ids of the filler."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _pre_tokenizer(facts)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=facts["regular"], initial_alphabet=alphabet, show_progress=False)
    learner.train_from_iterator(corpus(LINES), trainer)
    learned = json.loads(learner.to_str())["model"]
    regular = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    if len(regular) != facts["regular"]:
        raise ValueError(f"asked for {facts['regular']} regular tokens, the text gives {len(regular)}")
    first = [each["content"] for each in facts.get("first", [])]
    last = [each["content"] for each in facts.get("last", [])]
    filler = filler_tokens(facts, len(first) + len(regular) + len(last) + len(added(facts)))
    vocab = {token: number for number, token in enumerate([*first, *regular, *filler, *last])}
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in learned["merges"]]
    begin = len(first) + len(regular)
    return vocab, merges, range(begin, begin + len(filler))


def _pre_tokenizer(facts: Mapping[str, Any]) -> Any:
    pattern = SPLITS.get(facts.get("split", "gpt2"))
    prefix = bool(facts.get("config", {}).get("add_prefix_space", False)) if facts.get("config") else False
    if pattern is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=False),
        ]
    )


def _post_processor(facts: Mapping[str, Any], vocabulary: Vocabulary) -> Any:
    match facts["post_processor"]:
        case "byte_level":
            return processors.ByteLevel(trim_offsets=False)
        case "roberta":
            ids = vocabulary.ids
            return processors.RobertaProcessing(("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=False)
        case {"single": single, "pair": pair}:
            names = {word.split(":")[0] for word in f"{single} {pair}".split() if not word.startswith("$")}
            special = [(name, vocabulary.ids[name]) for name in sorted(names)]
            return processors.TemplateProcessing(single=single, pair=pair, special_tokens=special)
        case kind:
            raise ValueError(f"post-processor {kind!r} is not known")
