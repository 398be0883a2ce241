"""SentencePiece models: DeBERTa-v3, T5, ALBERT, XLM-R (unigram); Llama 2, Mistral, Gemma (BPE with bytes)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sentencepiece
from tokenizers import Tokenizer

from ..text import corpus
from .common import LINES, Vocabulary, added, added_tokens, filler_tokens, named_tokens, save_json

ROLES = ("pad", "unk", "bos", "eos")
OPTIONS = tuple(f"{name}_token" for name in ["bos", "eos", "unk", "pad", "cls", "sep", "mask"]) + (
    "do_lower_case",
    "extra_ids",
    "legacy",
    "add_bos_token",
    "add_eos_token",
    "add_prefix_space",
)
"""Keys of tokenizer_config.json that shape tokenizer.json."""
BLANK_FIRST = ("LlamaTokenizerFast", "T5TokenizerFast")
"""Classes that put a blank before a text's first word."""


def make(facts: Mapping[str, Any], folder: Path) -> Vocabulary:
    """Write the SentencePiece model and, where the real repository has one, tokenizer.json."""
    content = _train(facts)
    path = folder / facts["model_file"]
    path.write_bytes(content)
    fast = _fast(facts, path)
    filler = filler_tokens(facts, fast.get_vocab_size(with_added_tokens=True))
    if filler:
        path.write_bytes(_filled(content, filler, facts))
        fast = _fast(facts, path)
    if "tokenizer.json" in facts["files"]:
        save_json(fast, folder)
    ids = fast.get_vocab(with_added_tokens=True)
    moved = {each["id"]: ids[each["content"]] for each in named_tokens(facts)}
    begin = ids[filler[0]] if filler else 0  # They stay together, behind all others.
    return Vocabulary(len(ids), facts["true_length"], ids, moved, range(begin, begin + len(filler)))


def _train(facts: Mapping[str, Any]) -> bytes:
    roles: dict[str, Any] = {f"{role}_id": -1 for role in ROLES}
    for role, (token, number) in facts["roles"].items():
        roles |= {f"{role}_id": number, f"{role}_piece": token}
    lines = corpus(LINES)
    if facts.get("lowercase"):
        lines = [line.lower() for line in lines]
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=written,
        vocab_size=facts["regular"],
        model_type=facts["algorithm"],
        byte_fallback=bool(facts.get("byte_fallback", False)),
        control_symbols=facts.get("control", []),
        user_defined_symbols=facts.get("symbols", []),
        split_digits=bool(facts.get("split_digits", False)),
        normalization_rule_name=facts.get("normalization", "nmt_nfkc"),
        remove_extra_whitespaces=bool(facts.get("remove_extra_whitespaces", True)),
        add_dummy_prefix=bool(facts.get("blank_first", True)),
        allow_whitespace_only_pieces=bool(facts.get("byte_fallback", False)),
        character_coverage=1.0,
        # One thread, or the pieces differ from one run to the next.
        num_threads=1,
        minloglevel=2,
        **roles,
    )
    return written.getvalue()


def _filled(content: bytes, filler: list[str], facts: Mapping[str, Any]) -> bytes:
    """A trained model with more pieces, which no text is better cut into, and its symbols at their true ids."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto.FromString(content)
    least = min(piece.score for piece in model.pieces)
    for number, token in enumerate(filler, start=1):
        model.pieces.add(piece=token, score=least - 100 - number)
    held = {piece.piece: piece for piece in model.pieces}
    symbols = {*facts.get("control", []), *facts.get("symbols", [])} & set(held)
    at = {each["id"]: held[each["content"]] for each in named_tokens(facts) if each["content"] in symbols}
    fixed = {piece.piece for piece in at.values()}
    others = (piece for piece in list(model.pieces) if piece.piece not in fixed)
    ordered = [at[number] if number in at else next(others) for number in range(len(model.pieces))]
    found = sentencepiece_model_pb2.ModelProto(
        trainer_spec=model.trainer_spec, normalizer_spec=model.normalizer_spec, pieces=ordered
    )
    found.trainer_spec.vocab_size = len(ordered)
    return bytes(found.SerializeToString())


def _fast(facts: Mapping[str, Any], path: Path) -> Tokenizer:
    """The fast tokenizer that the real class makes of this SentencePiece model."""
    import transformers

    transformers.logging.set_verbosity_error()
    fast = getattr(transformers, facts["fast_class"])(str(path), **_options(facts))
    fast.backend_tokenizer.add_tokens(added_tokens(added(facts)))
    return fast.backend_tokenizer


def _options(facts: Mapping[str, Any]) -> dict[str, Any]:
    config = facts.get("config") or {}
    named = {name: config[name] for name in OPTIONS if name in config}
    # As the model itself does: left out, these classes hand "no" on to the conversion, though yes is their default.
    blank = {"add_prefix_space": True} if facts["fast_class"] in BLANK_FIRST else {}
    return blank | named | (facts.get("options") or {})
