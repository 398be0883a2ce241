"""Texts to be written from texts: summaries, translations, answers to instructions, dialogues, code, plain prose."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .. import text, words

FOREIGN = {
    "de": ("Der", "ist", "und", "das Haus", "der Fluss", "die Schule", "alt", "neu", "gefunden", "in"),
    "fr": ("Le", "est", "et", "la maison", "la rivière", "l'école", "ancien", "nouveau", "trouvé", "à"),
    "es": ("El", "es", "y", "la casa", "el río", "la escuela", "viejo", "nuevo", "encontrado", "en"),
    "ro": ("Un", "este", "și", "casa", "râul", "școala", "vechi", "nou", "găsit", "în"),
    "ru": ("Это", "был", "и", "дом", "река", "школа", "старый", "новый", "найден", "в"),
    "pt": ("O", "é", "e", "a casa", "o rio", "a escola", "velho", "novo", "encontrado", "em"),
    "it": ("Il", "è", "e", "la casa", "il fiume", "la scuola", "vecchio", "nuovo", "trovato", "a"),
    "cs": ("Ten", "je", "a", "dům", "řeka", "škola", "starý", "nový", "nalezen", "v"),
    "fi": ("Se", "on", "ja", "talo", "joki", "koulu", "vanha", "uusi", "löytyi", "kohteessa"),
    "zh": ("这", "是", "和", "房子", "河流", "学校", "旧", "新", "找到", "在"),
}
"""A handful of words per language: enough for its letters and its look; other languages get the Spanish ones."""


def document(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """An article and its summary. Fields: document, summary, title, id, url. `sentences` of the article."""
    count = int(arguments.get("sentences", 10))
    parts = [text.sentence(rng) for _ in range(count)]
    return {
        "document": " ".join(parts),
        "summary": " ".join(parts[:: max(1, count // 2)][:2]),
        "title": text.headline(rng),
        "id": f"{rng.getrandbits(160):040x}",
        "url": f"http://example.org/{number}",
    }


def dialogue(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A chat between two people and its summary. Fields: dialogue, summary, id, topic."""
    first, second = rng.sample(words.NAMES, 2)
    thing, place = rng.choice(words.THINGS), rng.choice(words.PLACES)
    lines = [f"{first}: Did you bring the {thing}?", f"{second}: Yes, from {place}."]
    for _ in range(rng.randint(2, 6)):
        lines.append(f"{rng.choice([first, second])}: {text.sentence(rng)}")
    summary = f"{second} brought the {thing} from {place} for {first}."
    return {"dialogue": "\r\n".join(lines), "summary": summary, "id": str(13_000_000 + number), "topic": thing}


def foreign(rng: Random, code: str, name: str, place: str) -> str:
    """A sentence in (roughly) the language `code`, about a person and a place."""
    article, is_, and_, house, river, school, old, new, found, at = FOREIGN.get(code, FOREIGN["es"])
    what, other = rng.sample([house, river, school], 2)
    end = f"{and_} {rng.randint(2, 900)} {other} {rng.choice([old, new])}"
    return f"{article} {rng.choice([old, new])} {what} {is_} {found} {at} {place}, {name} {end}."


def translation(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """One sentence in the languages of the translation column. Fields: translation, id."""
    codes = arguments["features"]["translation"]["translation"]
    name, place = text.person(rng), rng.choice(words.PLACES)
    english = f"The {rng.choice(words.ADJECTIVES)} house was found in {place}, {name} and {rng.randint(2, 900)} rivers."
    found = {code: english if code == "en" else foreign(rng, code, name, place) for code in codes}
    return {"translation": found, "id": str(number)}


def instruction(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A task, sometimes with an input, its answer, and a worse one.

    Fields: instruction, input, output, worse, text (all in one), messages, chosen, rejected (message lists),
    chosen_text, rejected_text, conversations, category, id, score.
    """
    noun, place = rng.choice(words.NOUNS), rng.choice(words.PLACES)
    count = rng.randint(2, 5)
    task = rng.choice(
        [
            f"Describe a {rng.choice(words.ADJECTIVES)} {noun} in {place} in {count} sentences.",
            f"Write {count} facts about {rng.choice(words.THINGS)} from {place}.",
            f"Explain to {rng.choice(words.NAMES)} how the {noun} was {rng.choice(words.VERBS)} in {place}.",
            f"Summarise the text about the {noun} for {text.person(rng)}.",
        ]
    )
    given = text.paragraph(rng, 2) if task.startswith("Summarise") or rng.random() < 0.2 else ""
    answer, worse = text.paragraph(rng, count), text.sentence(rng)
    prompt = f"{task}\n\n{given}" if given else task
    asked = {"role": "user", "content": prompt}
    heading = "Below is an instruction that describes a task. Write a response that completes it."
    block = f"{heading}\n\n### Instruction:\n{task}\n\n" + (f"### Input:\n{given}\n\n" if given else "")
    return {
        "instruction": task,
        "input": given,
        "output": answer,
        "worse": worse,
        "prompt": prompt,
        "text": f"{block}### Response:\n{answer}",
        "messages": [asked, {"role": "assistant", "content": answer}],
        "chosen": [asked, {"role": "assistant", "content": answer}],
        "rejected": [asked, {"role": "assistant", "content": worse}],
        "chosen_text": f"\n\nHuman: {prompt}\n\nAssistant: {answer}",
        "rejected_text": f"\n\nHuman: {prompt}\n\nAssistant: {worse}",
        "conversations": [{"from": "human", "value": prompt}, {"from": "gpt", "value": answer}],
        "category": rng.choice(["open_qa", "closed_qa", "summarization", "brainstorming", "creative_writing"]),
        "id": f"{rng.getrandbits(128):032x}",
        "score": float(rng.randint(6, 10)),
        "low_score": float(rng.randint(1, 5)),
    }


def prose(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Running text. Fields: text, id, url, title, meta, timestamp. `blank`: the share of empty lines (wikitext)."""
    body = text.paragraph(rng, int(arguments.get("sentences", 5)))
    if arguments.get("blank"):
        body = f" {body} \n"
        draw = rng.random()
        if draw < float(arguments["blank"]):
            body = "" if number % 3 else f" = {text.headline(rng)} = \n"
    return {
        "text": body,
        "title": text.headline(rng),
        "id": str(number),
        "url": f"http://example.org/{number}",
        "timestamp": "2019-04-25T12:57:54Z",
        "meta": {"pile_set_name": "Prose"},
    }


def program(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A small Python function to write, with its tests.

    Fields: task_id, number_id, prompt, canonical_solution, test, entry_point, text, code, test_list.
    """
    name = f"{rng.choice(words.VERBS)}_{rng.choice(words.NOUNS)}"
    factor, offset = rng.randint(2, 90), rng.randint(1, 900)
    task = f"Multiply x by {factor} and add {offset}."
    body = f"    return x * {factor} + {offset}\n"
    checks = [f"assert {name}({x}) == {x * factor + offset}" for x in (0, 1, 7)]
    return {
        "task_id": f"HumanEval/{number}",
        "number_id": number + 1,
        "prompt": f'def {name}(x: int) -> int:\n    """{task}\n    >>> {name}(1)\n    {factor + offset}\n    """\n',
        "canonical_solution": body,
        "test": "def check(candidate):\n" + "".join(f"    {c.replace(name, 'candidate')}\n" for c in checks),
        "entry_point": name,
        "text": f"Write a function {name} to do this: {task}",
        "code": f"def {name}(x):\n{body}",
        "test_list": checks,
    }


MAKERS = {
    "document": document,
    "dialogue": dialogue,
    "translation": translation,
    "instruction": instruction,
    "prose": prose,
    "program": program,
}
