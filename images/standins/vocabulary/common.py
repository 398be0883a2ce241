"""What all kinds of tokenizers share: the id map, and tokenizer_config.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

TEMPLATES = Path(__file__).parent.parent.parent / "catalogue" / "templates"
LINES = 3000
"""Lines of made-up text that a vocabulary is trained on; 3000 take a fifth of a second."""


@dataclass(frozen=True)
class Vocabulary:
    """A finished tokenizer."""

    length: int
    """len(tokenizer): regular and added tokens."""
    true_length: int
    ids: Mapping[str, int]
    """Token -> id in the stand-in."""
    moved: Mapping[int, int]
    """True id -> id in the stand-in, for the tokens that the facts name."""
    filler: range = range(0)
    """Ids that no text gives, which bring a vocabulary to its true length."""

    def new_id(self, true_id: int) -> int:
        """Where a token id of the true configuration went.

        An id that the facts do not name keeps its distance from the vocabulary's end, or from its start if it
        is a small one.
        """
        if true_id in self.moved:
            return self.moved[true_id]
        if true_id < min(self.length, 300):
            return true_id
        return max(0, self.length - (self.true_length - true_id))


def filler_tokens(facts: Mapping[str, Any], length: int) -> list[str]:
    """What a tokenizer of `length` tokens lacks to its true length; none unless the facts ask (`fill`).

    No text is cut into them: all tokenizers here cut at a bar before they look a word up.
    """
    missing = facts["true_length"] - length if facts.get("fill") else 0
    return [f"<|filler|{number}|>" for number in range(missing)]


def named_tokens(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tokens with true ids, in order: those at the vocabulary's start, then those after its regular ones."""
    return [*facts.get("first", []), *facts.get("last", []), *added(facts)]


def added(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tokens after the regular ones, runs of like ones included.

    `reserved: {id, count, content, number}` is a run that counts up from `number`; with `step`, each is that much
    later than the one before (the time stamps of speech). `languages: {id, codes}` is one token per language.
    """
    found = list(facts.get("added", []))
    spoken = facts.get("languages")
    if spoken:
        found += [{"id": spoken["id"] + n, "content": f"<|{code}|>"} for n, code in enumerate(spoken["codes"])]
        found.sort(key=lambda each: int(each["id"]))
    run = facts.get("reserved")
    if run:
        step, special = run.get("step", 1), run.get("special", True)
        for n in range(run["count"]):
            content = run["content"].format((run["number"] + n) * step)
            found.append({"id": run["id"] + n, "content": content, "special": special})
    return _without_gaps(found, facts["true_length"]) if facts.get("fill") else found


def _without_gaps(named: list[dict[str, Any]], end: int) -> list[dict[str, Any]]:
    """`named` with filler for the ids between them that the facts leave out, where they are in order of their ids."""
    ids = [each["id"] for each in named]
    if not ids or ids != sorted(ids) or ids[-1] >= end:
        return named
    by_id = {each["id"]: each for each in named}
    filler = {"special": False, "normalized": False}
    return [by_id.get(n) or {"id": n, "content": f"<|filler|added|{n}|>", **filler} for n in range(ids[0], end)]


def added_tokens(names: list[dict[str, Any]]) -> list[AddedToken]:
    """For `Tokenizer.add_tokens`; the facts say what differs from a plain special token."""
    return [
        AddedToken(
            each["content"],
            lstrip=each.get("lstrip", False),
            rstrip=each.get("rstrip", False),
            normalized=each.get("normalized", False),
            single_word=False,
            special=each.get("special", True),
        )
        for each in names
    ]


def finish(facts: Mapping[str, Any], tokenizer: Tokenizer, filler: range = range(0)) -> Vocabulary:
    """Add the named tokens and read off where the true ids went."""
    tokenizer.add_tokens(added_tokens(added(facts)))
    marked = [each for each in (*facts.get("first", []), *facts.get("last", [])) if each.get("mark", True)]
    tokenizer.add_special_tokens(added_tokens(marked))
    ids = tokenizer.get_vocab(with_added_tokens=True)
    moved = {each["id"]: ids[each["content"]] for each in named_tokens(facts)}
    return Vocabulary(len(ids), facts["true_length"], ids, moved, filler)


def save_json(tokenizer: Tokenizer, folder: Path) -> None:
    """tokenizer.json, with merges as strings: all versions of `tokenizers` read them, old ones nothing else."""
    content = json.loads(tokenizer.to_str())
    merges = content["model"].get("merges")
    if merges:
        content["model"]["merges"] = [" ".join(pair) if isinstance(pair, list) else pair for pair in merges]
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_config(facts: Mapping[str, Any], vocabulary: Vocabulary, folder: Path) -> None:
    """tokenizer_config.json, special_tokens_map.json and added_tokens.json, as far as the real repository has them."""
    config = facts.get("config")
    if config is not None:
        found = dict(config)
        if facts.get("added_tokens_decoder"):
            found["added_tokens_decoder"] = {
                str(vocabulary.ids[each["content"]]): {
                    "content": each["content"],
                    "lstrip": each.get("lstrip", False),
                    "normalized": each.get("normalized", False),
                    "rstrip": each.get("rstrip", False),
                    "single_word": False,
                    "special": each.get("special", True),
                }
                for each in named_tokens(facts)
                if each.get("mark", True)
            }
        if facts.get("chat_template"):
            found["chat_template"] = (TEMPLATES / facts["chat_template"]).read_text(encoding="utf-8").rstrip("\n")
        _write(folder / "tokenizer_config.json", found)
    if facts.get("special_tokens_map"):
        _write(folder / "special_tokens_map.json", facts["special_tokens_map"])
    if facts.get("added_tokens_file"):
        _write(folder / "added_tokens.json", {e["content"]: vocabulary.ids[e["content"]] for e in added(facts)})


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
