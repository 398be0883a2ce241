"""nltk's packages: an index with sizes and sums of our own, and a zip for each package that has a stand-in.

The index also names packages without one, with the real address and no size: fetching them fails as an address that is
not served, and not as a name that nltk does not know.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from . import archive, punkt_pickle, wordnet

Members = dict[str, bytes]
BASE = "https://raw.githubusercontent.com/nltk/nltk_data/gh-pages/packages"


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: packages (served: section -> ids), unserved (the same), and what each package holds."""
    lines = []
    for section, names in facts["packages"].items():
        for name in names:
            members = _MAKERS[name](facts)
            path = folder / f"{section}--{name}.zip"
            archive.write_zip(path, {f"{name}/": b"", **{f"{name}/{file}": text for file, text in members.items()}})
            size, whole = path.stat().st_size, sum(map(len, members.values()))
            md5 = hashlib.md5(path.read_bytes()).hexdigest()
            lines.append(_package(section, name, size, whole, md5, name not in facts["kept_zipped"]))
    for section, names in facts["unserved"].items():
        lines += [_package(section, name, 0, 0, "0" * 32, True) for name in names]
    collections = [_collection(name, members) for name, members in facts["collections"].items()]
    everything = [
        name for group in (facts["packages"], facts["unserved"]) for names in group.values() for name in names
    ]
    collections += [_collection(name, everything) for name in ("all", "all-nltk")]
    content = ["<nltk_data>", "<packages>", *lines, "</packages>", "<collections>", *collections, "</collections>"]
    (folder / "index.xml").write_text("\n".join(['<?xml version="1.0"?>', *content, "</nltk_data>"]) + "\n")
    return []


def _package(section: str, name: str, size: int, whole: int, md5: str, unzip: bool) -> str:
    values = {"id": name, "name": name, "subdir": section, "url": f"{BASE}/{section}/{name}.zip", "checksum": md5}
    sizes = {"size": str(size), "unzipped_size": str(whole), "unzip": "1" if unzip else "0"}
    return f"<package {' '.join(f'{key}={quoteattr(value)}' for key, value in (values | sizes).items())} />"


def _collection(name: str, members: list[str]) -> str:
    items = "".join(f'<item ref="{member}" />' for member in members)
    return f'<collection id="{name}" name="{name}">{items}</collection>'


def _punkt(facts: Mapping[str, Any]) -> Members:
    found: Members = {}
    for language, words in _abbreviations(facts).items():
        content = punkt_pickle.dumps(words, facts["punkt"]["starters"] if words else [])
        found |= {f"{language}.pickle": content, f"PY3/{language}.pickle": content}
    return found


def _punkt_tab(facts: Mapping[str, Any]) -> Members:
    found: Members = {}
    for language, words in _abbreviations(facts).items():
        starters = facts["punkt"]["starters"] if words else []
        files = {"abbrev_types.txt": words, "sent_starters.txt": starters, "collocations.tab": []}
        files["ortho_context.tab"] = [f"{word}\t{punkt_pickle.UPPER_AT_START}" for word in starters]
        found |= {f"{language}/{file}": "\n".join(lines).encode() for file, lines in files.items()}
    return found


def _abbreviations(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    return {**{language: [] for language in facts["punkt"]["languages"]}, "english": facts["punkt"]["abbreviations"]}


def _stopwords(facts: Mapping[str, Any]) -> Members:
    return {name: ("\n".join(words) + "\n").encode() for name, words in facts["stopwords"].items()}


def _tagger(facts: Mapping[str, Any]) -> tuple[dict[str, dict[str, float]], dict[str, str], list[str]]:
    """An averaged perceptron that goes by endings, beside the tags of frequent words."""
    tags = facts["tagger"]
    weights: dict[str, dict[str, float]] = {"bias": {"NN": 1.0}}
    weights |= {f"i suffix {ending}": {tag: 3.0} for ending, tag in tags["endings"].items()}
    known = {word: tag for tag, words in tags["words"].items() for word in words}
    return weights, known, tags["classes"]


def _tagger_pickle(facts: Mapping[str, Any]) -> Members:
    weights, known, classes = _tagger(facts)
    return {"averaged_perceptron_tagger.pickle": pickle.dumps((weights, known, set(classes)), protocol=2)}


def _tagger_json(facts: Mapping[str, Any]) -> Members:
    parts = zip(("weights", "tagdict", "classes"), _tagger(facts), strict=True)
    return {f"averaged_perceptron_tagger_eng.{name}.json": json.dumps(part).encode() for name, part in parts}


_MAKERS: dict[str, Callable[[Mapping[str, Any]], Members]] = {
    "punkt": _punkt,
    "punkt_tab": _punkt_tab,
    "stopwords": _stopwords,
    "averaged_perceptron_tagger": _tagger_pickle,
    "averaged_perceptron_tagger_eng": _tagger_json,
    "wordnet": lambda facts: wordnet.files(facts["wordnet"]),
    "omw-1.4": lambda facts: {"fra/wn-data-fra.tab": b"# stand-in\tfra\thttp://localhost\tCC0\n"},
}
