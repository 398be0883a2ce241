"""Texts with labels, and pairs of texts with labels or scores. A label can be learned from its text."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .. import text, words

OPPOSITES = {"old": "new", "large": "small", "bright": "dark", "early": "late", "cold": "warm", "open": "closed"}


def labelled_text(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A text about the topic of its label. Fields: text, title, label, label_list, name (of the label), flag,
    score.

    `sentences`: how long; `classes`: how many labels where no class-label column says it.
    """
    names = arguments["labels"] or [str(each) for each in range(int(arguments.get("classes", 2)))]
    label = rng.randrange(len(names))
    body = text.topical(rng, label, int(arguments.get("sentences", 2)))
    return {
        "text": body,
        "title": text.headline(rng),
        "label": label,
        "label_list": [label],
        "name": names[label],
        "flag": bool(label),
        "score": float(label),
        "id": f"{rng.getrandbits(48):012x}",
        "user": text.person(rng),
        "day": f"{rng.randint(1, 28):02d} May 2023",
    }


def review(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A review whose tone follows its label, worst first. Fields: text, title, label, score (0 to 1), id."""
    count = len(arguments["labels"]) or int(arguments.get("classes", 2))
    label = rng.randrange(count)
    polarity = label / max(1, count - 1)
    parts = [text.review(rng, polarity) for _ in range(int(arguments.get("sentences", 1)))]
    body = ". ".join(parts)
    if len(parts) > 1:
        body = f"{body}. {text.paragraph(rng, 2)}"
    return {
        "text": body + " ",
        "title": text.review(rng, polarity).split(",")[0],
        "label": label,
        "score": round(min(1.0, max(0.0, polarity * 0.8 + rng.random() * 0.2)), 5),
        "id": f"{rng.getrandbits(40):010x}",
    }


def pair(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Two sentences and how they relate.

    Fields: first, second, label, score (0 to 5), similarity (0 to 1), id, genre, uid.

    Label names that hold "not" or "contradiction" get opposed sentences, "neutral" unrelated ones, others a
    shortened copy.
    """
    names = arguments["labels"] or ["unrelated", "alike"]
    label = rng.randrange(len(names))
    noun, adjective = rng.choice(words.NOUNS), rng.choice(list(OPPOSITES))
    name, place, verb = text.person(rng), rng.choice(words.PLACES), rng.choice(words.VERBS)
    first = f"{name} {verb} the {adjective} {noun} in {place} {rng.choice(words.ADVERBS)}."
    meaning = names[label].lower()
    if "not" in meaning or "contradiction" in meaning:
        second, score = f"The {noun} that {name} {verb} in {place} was {OPPOSITES[adjective]}.", 1.0
    elif "neutral" in meaning or "unrelated" in meaning:
        second, score = f"{name} often {verb} things with {rng.choice(words.NAMES)}.", 2.0
    else:
        second, score = f"{name} {verb} the {noun} in {place}.", 4.5
    genre = rng.choice(["fiction", "government", "slate", "telephone", "travel"])
    rated = round(min(5.0, max(0.0, score + rng.uniform(-0.9, 0.9))), 3)
    return {
        "first": first,
        "second": second,
        "label": label,
        "score": rated,
        "similarity": rated / 5,
        "id": rng.randrange(10**6),
        "uid": f"{rng.getrandbits(32):08x}",
        "genre": genre,
    }


def acceptability(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A sentence that is well formed (label 1) or has its words out of order (label 0). Fields: text, label."""
    sentence = text.sentence(rng)
    label = int(rng.random() < 0.7)
    if not label:
        shuffled = sentence.rstrip(".").split()
        rng.shuffle(shuffled)
        sentence = " ".join(shuffled) + "."
    return {"text": sentence, "label": label}


MAKERS = {"labelled_text": labelled_text, "review": review, "pair": pair, "acceptability": acceptability}
