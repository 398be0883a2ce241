"""Pickled sentence splitters, as nltk loaded them until 3.8.1, written without nltk: by classes of the same names."""

from __future__ import annotations

import pickle
import sys
import types
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

UPPER_AT_START = 1 << 1
"""nltk's flag for a word that was seen with a capital at the beginning of a sentence."""


def dumps(abbreviations: Iterable[str], starters: Iterable[str]) -> bytes:
    """A PunktSentenceTokenizer that knows these abbreviations and frequent first words."""
    module = types.ModuleType("nltk.tokenize.punkt")
    names = ("PunktSentenceTokenizer", "PunktParameters", "PunktToken")
    classes = {name: type(name, (), {"__module__": module.__name__}) for name in names}
    # nltk's own class has slots only and gives a state that its __setstate__ ignores.
    ignored = {"__module__": module.__name__, "__getstate__": lambda _: 1}
    classes["PunktLanguageVars"] = type("PunktLanguageVars", (), ignored)
    module.__dict__.update(classes)
    firsts = list(starters)
    context: defaultdict[str, int] = defaultdict(int, dict.fromkeys(firsts, UPPER_AT_START))
    parameters = _filled(classes["PunktParameters"], abbrev_types=set(abbreviations), collocations=set())
    parameters.__dict__.update(sent_starters=set(firsts), ortho_context=context)
    variables, token = classes["PunktLanguageVars"](), classes["PunktToken"]
    splitter = _filled(classes["PunktSentenceTokenizer"], _params=parameters, _lang_vars=variables, _Token=token)
    parents = {"nltk": types.ModuleType("nltk"), "nltk.tokenize": types.ModuleType("nltk.tokenize")}
    added = {**parents, module.__name__: module}
    sys.modules.update(added)
    try:
        return pickle.dumps(splitter, protocol=2)
    finally:
        for name in added:
            del sys.modules[name]


def _filled(kind: type, **values: Any) -> Any:
    made = kind()
    made.__dict__.update(values)
    return made
