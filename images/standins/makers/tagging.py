"""Sentences as tokens with one tag each: named entities, parts of speech, chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from .. import features as types
from .. import words

Word = tuple[str, str, str, str]
"""Token, part of speech, chunk, entity type ("" for none); a continued entity's type starts with "+"."""

SOURCES = {
    "PER": lambda rng: f"{rng.choice(words.NAMES)} {rng.choice(words.SURNAMES)}",
    "ORG": lambda rng: rng.choice(words.ORGANISATIONS),
    "LOC": lambda rng: rng.choice(words.PLACES),
    "MISC": lambda rng: rng.choice(words.COUNTRIES) + " Cup",
}


def tagged_sentence(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Fields: tokens, ner_tags, pos_tags, chunk_tags (as the columns' label ids), id, sentence.

    `entities` maps a label's stem to one of PER, ORG, LOC, MISC, for data sets whose stems differ.
    """
    columns = arguments["features"]
    stems = arguments.get("entities") or {stem: stem for stem in SOURCES}
    tokens = _sentence(rng, stems)
    found: dict[str, Any] = {"tokens": [word for word, *_ in tokens], "id": str(number)}
    found["sentence"] = " ".join(found["tokens"])
    entity_tags = ["O" if not e else f"I-{e[1:]}" if e[0] == "+" else f"B-{e}" for *_, e in tokens]
    wanted = {
        "ner_tags": entity_tags,
        "pos_tags": [part for _, part, _, _ in tokens],
        "chunk_tags": [chunk for _, _, chunk, _ in tokens],
    }
    for name, tags in wanted.items():
        if name in columns:
            found[name] = _ids(columns[name], tags)
    return found


def _sentence(rng: Random, stems: Mapping[str, str]) -> list[Word]:
    subject, place = rng.sample(sorted(stems), 2) if len(stems) > 1 else [*stems, *stems]
    found = _entity(rng, subject, stems[subject])
    found.append((rng.choice(words.VERBS), "VBD", "B-VP", ""))
    found.append(("the", "DT", "B-NP", ""))
    found.append((rng.choice(words.ADJECTIVES), "JJ", "I-NP", ""))
    found.append((rng.choice(words.NOUNS), "NN", "I-NP", ""))
    found.append(("in", "IN", "B-PP", ""))
    found += _entity(rng, place, stems[place])
    if rng.random() < 0.5:
        found += [("on", "IN", "B-PP", ""), (str(rng.randint(1, 31)), "CD", "B-NP", ""), ("May", "NNP", "I-NP", "")]
    return [*found, (".", ".", "O", "")]


def _entity(rng: Random, stem: str, kind: str) -> list[Word]:
    parts = SOURCES[kind](rng).split()
    return [
        (part, "NNP", "I-NP" if position else "B-NP", f"+{stem}" if position else stem)
        for position, part in enumerate(parts)
    ]


def _ids(column: Any, tags: Sequence[str]) -> list[Any]:
    inner = column["sequence"]
    if types.constructor(inner) != "class_label":
        return list(tags)
    names = [str(name) for name in inner["class_label"]]
    return [names.index(tag) if tag in names else 0 for tag in tags]


MAKERS = {"tagged_sentence": tagged_sentence}
