"""WordPiece: BERT, DistilBERT, ELECTRA. Letters of the common scripts are in the vocabulary, as in the real one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from ..text import corpus
from .common import LINES, Vocabulary, added, filler_tokens, finish, save_json

RANGES = ((0x21, 0x7F), (0xA1, 0x180), (0x391, 0x3CA), (0x410, 0x450), (0x5D0, 0x5EB), (0x3041, 0x3097))
"""Printable ASCII, Latin, Greek, Cyrillic, Hebrew, Hiragana."""


def make(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    lower = bool(facts["lowercase"])
    tokens = [each["content"] for each in facts["first"]]
    if facts.get("unused"):
        tokens = _with_unused(facts)
    pieces = _train(lower, facts["regular"])
    last = [each["content"] for each in facts.get("last", [])]
    known = list(dict.fromkeys([*tokens, *pieces]))
    filler = filler_tokens(facts, len(known) + len(last) + len(added(facts)))
    vocab = {token: number for number, token in enumerate([*known, *filler, *last])}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = _normalizer(lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##")
    vocabulary = finish(facts, tokenizer, range(len(known), len(known) + len(filler)))
    tokenizer.post_processor = _frame(facts, vocab)
    if "tokenizer.json" in facts["files"]:
        save_json(tokenizer, folder)
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n", encoding="utf-8")
    return vocabulary


def _frame(facts: Mapping[str, Any], vocab: Mapping[str, int]) -> Any:
    if facts.get("frame") == "roberta":
        return processors.RobertaProcessing(("</s>", vocab["</s>"]), ("<s>", vocab["<s>"]), add_prefix_space=False)
    special = [(name, vocab[name]) for name in ("[CLS]", "[SEP]")]
    return processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=special
    )


def _with_unused(facts: Mapping[str, Any]) -> list[str]:
    """The head of the real vocabulary: named tokens at their true ids, [unusedN] between them."""
    named = {each["id"]: each["content"] for each in facts["first"]}
    spare = iter(range(facts["unused"]["from"], 10_000))
    return [named.get(number) or f"[unused{next(spare)}]" for number in range(facts["unused"]["until"])]


def _normalizer(lower: bool) -> Any:
    return normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lower)


def _train(lower: bool, size: int) -> list[str]:
    """Single characters, then their continuations, then learned pieces: `size` in all."""
    letters = [chr(code) for first, end in RANGES for code in range(first, end) if chr(code).isprintable()]
    if lower:
        letters = [letter for letter in letters if letter == letter.lower()]
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer = _normalizer(lower)
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False)
    learner.train_from_iterator(corpus(LINES), trainer)
    learned = learner.get_vocab()
    pieces = [piece for piece in sorted(learned, key=learned.__getitem__) if piece != "[UNK]"]
    known = dict.fromkeys([*letters, *(f"##{letter}" for letter in letters), *pieces])
    if len(known) < size:
        raise ValueError(f"asked for {size} pieces, the text gives {len(known)}")
    return list(known)[:size]
