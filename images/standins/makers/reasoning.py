"""Arithmetic word problems with worked answers."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from .. import words

Step = tuple[str, str, str, int]
"""What the question says, the question that leads to the step, its arithmetic, and its result."""


def math_problem(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A problem of two to four steps.

    `style: main` answers with lines that carry calculator marks and ends in `#### N`; `style: socratic` puts
    each step's question before it. Fields: question, answer, final (the bare number), equation, body and ask (the
    question's two parts), number.
    """
    name, thing = rng.choice(words.NAMES), rng.choice(words.THINGS)
    boxes, each = rng.randint(2, 24), rng.randint(2, 25)
    total = boxes * each
    told = [f"{name} buys {boxes} boxes of {thing} with {each} {thing} in each box."]
    first = f"How many {thing} does {name} buy?"
    steps: list[Step] = [(f"{name} buys", first, f"{boxes}*{each}", total)]
    for _ in range(rng.randint(1, 3)):
        sentence, step = _next_step(rng, name, thing, total)
        told.append(sentence)
        steps.append(step)
        total = step[3]
    ask = f"How many {thing} does {name} have in the end?"
    socratic = arguments.get("style") == "socratic"
    lines = []
    for lead, asked, arithmetic, result in steps:
        line = f"{lead} {arithmetic.replace('*', ' * ')} = <<{arithmetic}={result}>>{result} {thing}."
        lines.append(f"{asked} ** {line}" if socratic else line)
    answer = "\n".join([*lines, f"#### {total}"])
    equation = f"{steps[-1][2]}={total}"
    return {
        "question": " ".join([*told, ask]),
        "answer": answer,
        "final": str(total),
        "equation": equation,
        "body": " ".join(told),
        "ask": ask,
        "number": f"chal-{number}",
    }


def _next_step(rng: Random, name: str, thing: str, total: int) -> tuple[str, Step]:
    other = rng.choice([each for each in words.NAMES if each != name])
    divisors = [d for d in (2, 3, 4, 5) if total % d == 0 and total > d]
    kind = rng.choice(["more", "fewer", "times", "share"])
    if kind == "share" and divisors:
        parts = rng.choice(divisors)
        left = total - total // parts
        return (
            f"{name} gives {total // parts} of them, one of {parts} equal parts, to {other}.",
            ("After that there are", f"How many {thing} are left?", f"{total}-{total // parts}", left),
        )
    if kind == "fewer" and total > 3:
        lost = rng.randint(1, total - 1)
        return (
            f"Then {name} loses {lost} {thing} on the way to {rng.choice(words.PLACES)}.",
            (f"{name} still has", f"How many {thing} does {name} still have?", f"{total}-{lost}", total - lost),
        )
    if kind == "times" and total < 400:
        factor = rng.randint(2, 4)
        return (
            f"A week later {name} has {factor} times as many {thing}.",
            (f"A week later {name} has", "How many are there a week later?", f"{total}*{factor}", total * factor),
        )
    more = rng.randint(2, 60)
    return (
        f"{other} gives {name} {more} more {thing}.",
        (f"Now {name} has", f"How many {thing} does {name} have now?", f"{total}+{more}", total + more),
    )


def competition_problem(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A short problem whose solution ends in a boxed answer. Fields: problem, solution, answer, level, type, id."""
    a, b = rng.randint(2, 40), rng.randint(2, 400)
    result = rng.randint(2, 90)
    problem = f"Find the value of $x$ if ${a}x + {b} = {a * result + b}$."
    solution = f"Subtracting ${b}$ gives ${a}x = {a * result}$, so $x = \\boxed{{{result}}}$."
    level = f"Level {rng.randint(1, 5)}"
    return {
        "problem": problem,
        "solution": solution,
        "answer": str(result),
        "level": level,
        "level_number": int(level[-1]),
        "type": rng.choice(["Algebra", "Number Theory", "Prealgebra", "Precalculus"]),
        "id": f"test/algebra/{number}.json",
    }


MAKERS = {"math_problem": math_problem, "competition_problem": competition_problem}
