"""Questions over a passage, questions with choices, questions of fact."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .. import text, words


def fact_question(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A passage that states a fact, a question about it, its answer and where it stands.

    Fields: context, question, answer, answers {text, answer_start}, id, title, boolean, label.
    `unanswerable` is the share of questions without an answer.
    """
    name, place, year = text.person(rng), rng.choice(words.PLACES), rng.randint(1850, 2020)
    noun, verb = rng.choice(words.NOUNS), rng.choice(words.VERBS)
    fact = f"{name} {verb} the {rng.choice(words.ADJECTIVES)} {noun} in {place} in {year}."
    context = f"{text.paragraph(rng, 2)} {fact} {text.paragraph(rng, 2)}"
    question, answer = rng.choice(
        [
            (f"Who {verb} the {noun} in {place}?", name),
            (f"Where was the {noun} {verb} by {name}?", place),
            (f"In which year was the {noun} in {place} {verb}?", str(year)),
        ]
    )
    start = context.index(fact) + fact.index(answer)
    found = {"text": [answer], "answer_start": [start]}
    if rng.random() < float(arguments.get("unanswerable", 0)):
        found = {"text": [], "answer_start": []}
    truth = rng.random() < 0.5
    return {
        "context": context,
        "question": question,
        "answer": answer,
        "answers": found,
        "id": f"{rng.getrandbits(96):024x}",
        "title": f"{place}_{noun}",
        "statement": f"was the {noun} in {place if truth else 'another town'} {verb} by {name.lower()}",
        "boolean": truth,
        "label": int(truth),
    }


def choice(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A question with `options` choices, of which one is right.

    Fields: question, choices, letters, first .. fifth (the choices), answer and label (its index), letter,
    number_text, one_based, answer_text, right, wrong, choices_record {text, label}, marked_choices {choices, labels:
    1 for the right one, which comes first}, subject, support, context, opening, goal, id.
    """
    count = int(arguments.get("options", 4))
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    thing, name = rng.choice(words.THINGS), rng.choice(words.NAMES)
    right = a + b
    question = f"{name} has {a} {thing} in {rng.choice(words.PLACES)} and finds {b} more. How many are there now?"
    offsets = rng.sample([each for each in range(-12, 13) if each], count - 1)
    answers = [f"{right + offset} {thing}" for offset in offsets]
    position = rng.randrange(count)
    answers.insert(position, f"{right} {thing}")
    letters = list("ABCDE"[:count])
    wrong = [each for each in answers if each != answers[position]]
    fields = dict(zip(("first", "second", "third", "fourth", "fifth"), answers, strict=False))
    return fields | {
        "question": question,
        "choices": answers,
        "letters": letters,
        "answer": position,
        "label": position,
        "letter": letters[position],
        "number_text": str(position),
        "one_based": str(position + 1),
        "answer_text": answers[position],
        "right": [answers[position]],
        "wrong": wrong,
        "choices_record": {"text": answers, "label": letters},
        "marked_choices": {"choices": [answers[position], *wrong], "labels": [1] + [0] * len(wrong)},
        "subject": rng.choice(["elementary_mathematics", "high_school_statistics"]),
        "support": text.paragraph(rng, 2),
        "context": f"{name} likes {thing}. {text.sentence(rng)}",
        "opening": f"{name} was looking for {thing}",
        "id": f"{rng.getrandbits(64):016x}",
        "goal": f"Carry {a} {thing} to {name} without a {rng.choice(words.NOUNS)}",
    }


def blank(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A sentence with a gap and two names to fill it. Fields: sentence, first, second, answer ("1" or "2")."""
    first, second = rng.sample(words.NAMES, 2)
    noun, adjective = rng.choice(words.NOUNS), rng.choice(words.ADJECTIVES)
    position = rng.randrange(2)
    giver = (first, second)[1 - position]
    return {
        "sentence": f"{first} asked {second} for the {adjective} {noun}, since {giver} had lost it, so _ carried it.",
        "first": first,
        "second": second,
        "answer": str(position + 1),
        "label": position,
    }


MAKERS = {"fact_question": fact_question, "choice": choice, "blank": blank}
