"""A small WordNet in the file format of version 3.0: https://wordnet.princeton.edu/documentation/wndb5wn"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}
HEADER = "  1 Made-up entries in the format of WordNet 3.0 Copyright; not Princeton's data.  \n"


@dataclass
class _Synset:
    part: str
    words: list[str]
    gloss: str
    lexname: int
    pointers: list[tuple[str, _Synset]] = field(default_factory=list)
    offset: int = 0

    def line(self) -> str:
        """All numbers have fixed widths, so that a line's length does not depend on the offsets in it."""
        words = " ".join(f"{word} 0" for word in self.words)
        pointers = "".join(f" {sign} {other.offset:08d} {PARTS[other.part]} 0000" for sign, other in self.pointers)
        frames = " 01 + 02 00" if self.part == "verb" else ""
        kind = PARTS[self.part]
        head = f"{self.offset:08d} {self.lexname:02d} {kind} {len(self.words):02x} {words}"
        return f"{head} {len(self.pointers):03d}{pointers}{frames} | {self.gloss}  \n"


def files(facts: Mapping[str, Any]) -> dict[str, bytes]:
    """`facts`: lexnames, exceptions (part -> form -> lemma), synsets (part -> rows of words, gloss, lexname, and the
    first word of the more general one)."""
    lexnames = facts["lexnames"]
    synsets = {part: _synsets(part, facts["synsets"].get(part, []), lexnames) for part in PARTS}
    found: dict[str, str] = {"cntlist.rev": ""}
    for part, members in synsets.items():
        position = len(HEADER)
        for each in members:
            each.offset = position
            position += len(each.line())
        found[f"data.{part}"] = HEADER + "".join(each.line() for each in members)
        found[f"index.{part}"] = HEADER + "".join(_index_lines(part, members))
        exceptions = facts["exceptions"].get(part, {})
        found[f"{part}.exc"] = "".join(f"{form} {lemma}\n" for form, lemma in sorted(exceptions.items()))
    found["lexnames"] = "".join(
        f"{number:02d}\t{name}\t{NUMBERS[name.split('.')[0]]}\n" for number, name in enumerate(lexnames)
    )
    senses = [line for part, members in synsets.items() for line in _sense_lines(part, members)]
    found["index.sense"] = "".join(sorted(senses))
    return {name: text.encode("ascii") for name, text in found.items()}


def _synsets(part: str, rows: list[list[str]], lexnames: list[str]) -> list[_Synset]:
    members = [_Synset(part, row[0].split(), row[1], lexnames.index(row[2])) for row in rows]
    first = {each.words[0]: each for each in reversed(members)}
    for each, row in zip(members, rows, strict=True):
        if len(row) > 3:
            each.pointers.append(("@", first[row[3]]))
            first[row[3]].pointers.append(("~", each))
    return members


def _index_lines(part: str, members: list[_Synset]) -> list[str]:
    senses: defaultdict[str, list[_Synset]] = defaultdict(list)
    for each in members:
        for word in each.words:
            senses[word.lower()].append(each)
    lines = []
    for lemma, found in sorted(senses.items()):
        signs = sorted({sign for each in found for sign, _ in each.pointers})
        counts = " ".join([str(len(found)), str(len(signs)), *signs, str(len(found)), "0"])
        lines.append(f"{lemma} {PARTS[part]} {counts} {' '.join(f'{each.offset:08d}' for each in found)}  \n")
    return lines


def _sense_lines(part: str, members: list[_Synset]) -> list[str]:
    seen: defaultdict[str, int] = defaultdict(int)
    lines = []
    for each in members:
        for word in each.words:
            seen[word] += 1
            key = f"{word.lower()}%{NUMBERS[part]}:{each.lexname:02d}:00::"
            lines.append(f"{key} {each.offset:08d} {seen[word]} 0\n")
    return lines
