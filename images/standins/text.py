"""Made-up English: sentences, paragraphs, reviews. Everything is drawn from the random generator given."""

from __future__ import annotations

from random import Random

from . import words

ANSWERS = 250
"""How often each answer stands in the text for tokenizers; the rarest pieces that they learn come about 60 times."""


def person(rng: Random) -> str:
    return f"{rng.choice(words.NAMES)} {rng.choice(words.SURNAMES)}"


def sentence(rng: Random) -> str:
    """One plain sentence of 8 to 20 words."""
    noun, other = rng.sample(words.NOUNS, 2)
    adjective, second = rng.sample(words.ADJECTIVES, 2)
    verb, adverb = rng.choice(words.VERBS), rng.choice(words.ADVERBS)
    name, place = person(rng), rng.choice(words.PLACES)
    year = rng.randint(1850, 2023)
    forms = (
        f"{name} {adverb} {verb} the {adjective} {noun} near {place}.",
        f"In {year}, the {adjective} {noun} in {place} was {verb} by a {second} {other}.",
        f"The {noun} and the {other} were {adjective}, but nobody in {place} {adverb} {verb} them.",
        f"When the {adjective} {noun} {adverb} {verb} it, {name} was {rng.randint(7, 90)} years old.",
        f"A {second} {other} from {place} {verb} {rng.randint(2, 400)} {rng.choice(words.THINGS)} with {name}.",
        f"According to {name}, the {other} is {adjective} and the {noun} remains {second}.",
    )
    return rng.choice(forms)


def paragraph(rng: Random, sentences: int) -> str:
    return " ".join(sentence(rng) for _ in range(sentences))


def review(rng: Random, polarity: float) -> str:
    """A review whose tone follows `polarity`, from 0 (bad) to 1 (good)."""
    tone = words.POSITIVE if rng.random() < polarity else words.NEGATIVE
    first, second = rng.sample(tone, 2)
    noun, adjective = rng.choice(words.NOUNS), rng.choice(words.ADJECTIVES)
    forms = (
        f"a {first} story about a {adjective} {noun}, {second} from start to end",
        f"the {noun} in {rng.choice(words.PLACES)} was {first} and the {rng.choice(words.NOUNS)} {second}",
        f"I {rng.choice(words.VERBS)} this {adjective} {noun} {rng.randint(2, 60)} times and it is {first}",
        f"{person(rng)} gives a {first} and {second} view of the {adjective} {noun}",
    )
    return rng.choice(forms)


def topical(rng: Random, label: int, sentences: int = 2) -> str:
    """Sentences that mention the words of a topic, so that a classifier can learn the label."""
    group = words.TOPIC_NOUNS[label % len(words.TOPIC_NOUNS)].split()
    rounds = label // len(words.TOPIC_NOUNS)
    mark = f" (section {rounds})" if rounds else ""
    lead = f"The {rng.choice(words.ADJECTIVES)} {rng.choice(group)} and the {rng.choice(group)}{mark}"
    return f"{lead} {rng.choice(words.VERBS)} {rng.choice(words.PLACES)}. {paragraph(rng, sentences)}"


def headline(rng: Random) -> str:
    noun, place = rng.choice(words.NOUNS), rng.choice(words.PLACES)
    return f"{rng.choice(words.ADJECTIVES).title()} {noun} {rng.choice(words.VERBS)} in {place}"


def corpus(size: int) -> list[str]:
    """Mixed text that tokenizers are trained on, always the same: `size` made-up lines and some real prose.

    Made-up rows alone hold under 1200 distinct pieces; the language reference that comes with Python brings
    the common syllables of English and of code. Answers and labels come often enough to become one piece each, as
    they are in real vocabularies: code that reads a probability of " yes" demands it.
    """
    from pydoc_data.topics import topics

    from .makers import MAKERS

    rng = Random("tokenizer corpus")
    lines = []
    for number in range(size):
        if number % 4 == 0:
            row = MAKERS["math_problem"](rng, number, {})
            lines += [row["question"], row["answer"]]
        elif number % 4 == 1:
            lines.append(review(rng, rng.random()))
        elif number % 4 == 2:
            lines.append(f"Question: {MAKERS['fact_question'](rng, number, {})['question']}\nAnswer:")
        else:
            lines.append(paragraph(rng, 2))
    for name in sorted(topics):
        lines += [line.strip() for line in topics[name].splitlines() if line.strip()]
    return lines + answers()


def answers() -> list[str]:
    """Lines that make answers and labels pieces of their own, at the start of a text and behind a blank."""
    plain = [form for word in words.ANSWERS for form in (word, word.title())]
    spaced = [f"a {word}" for word in words.SPACED_ANSWERS]
    letters = [f"{letter} {letter}" for letter in "ABCDE"]
    return [*(f"{word} {word}" for word in plain), *spaced, *letters] * ANSWERS
