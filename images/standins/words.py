"""Word lists that made-up rows are written from; the words are in `words.yaml`."""

from __future__ import annotations

from pathlib import Path

import yaml

_LISTS = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf-8"))


def _words(name: str) -> list[str]:
    text: str = _LISTS[name]
    return text.split("; ") if ";" in text else text.split()


NAMES = _words("names")
SURNAMES = _words("surnames")
PLACES = _words("places")
COUNTRIES = _words("countries")
ORGANISATIONS = _words("organisations")
THINGS = _words("things")
NOUNS = _words("nouns")
ADJECTIVES = _words("adjectives")
VERBS = _words("verbs")
ADVERBS = _words("adverbs")
POSITIVE = _words("positive")
NEGATIVE = _words("negative")
TOPIC_NOUNS = _words("topic_nouns")
"""Groups of three words; a class of a made-up classification task is told by the group at its index."""
ANSWERS = _words("answers")
SPACED_ANSWERS = _words("spaced_answers")
