"""Failures over what a stand-in does not have or does otherwise than the real asset: rows, files, revisions, pieces.

Each is told by the exception's own words, and only where a stand-in was served that differs in that way. A mirror's
or the network's asset differs in none.
"""

from __future__ import annotations

import re

from runner.evidence import HubRequest
from runner.rules.diagnosis.scene import Diagnosis, Scene
from runner.vocabulary import Blame, Cause, Provided

_ABSENT_TYPES = {
    "RevisionNotFoundError",
    "EntryNotFoundError",
    "RemoteEntryNotFoundError",
    "LocalEntryNotFoundError",
    "FileNotFoundError",
    "DataFilesNotFoundError",
    "EmptyDatasetError",
}
_ABSENT_WORDS = (
    "is not a valid git identifier",
    "does not appear to have a file named",
    "Revision Not Found",
    "Entry Not Found",
    "Invalid rev id",
    "no file named",
    "doesn't exist for dataset",
)
_LENGTH = re.compile(
    r"out of range for dataset of size|incompatible with \d+ examples|corresponds to no data"
    r"|smaller than the number of samples|greater than the number of (?:samples|members)"
    r"|Sum of input lengths does not equal|larger (?:sample )?than (?:the )?population"
    r"|num_samples should be a positive integer|train set will be empty|least populated class",
    re.IGNORECASE,
)
"""How datasets, torch.utils.data, scikit-learn, pandas, numpy and random say that there are too few rows."""
_ANY_LENGTH = re.compile(
    r"out of bounds for axis 0 with size|position(?:al)? index(?:er)?s? (?:is|are) out", re.IGNORECASE
)
"""How numpy and pandas say it of rows and of all else."""
_ROWS = re.compile(r"row|sample|example|record|instance|item|split|enough|data|train|\blen\(", re.IGNORECASE)
_SHORTAGE = re.compile(
    r"exceed|too (?:few|small|short|little)|not enough|insufficient|fewer|less than|at least|out of range|beyond"
    r"|(?:larger|greater|bigger|longer|more) than|\blen\(|\blength\b|\bempty\b",
    re.IGNORECASE,
)
"""Talk of how many there are."""
_PIECES = re.compile(
    r"(?:single|one|multiple|several)[- ]tokens?\b|multi-?token|convert_tokens_to_ids|\bget_vocab\b|\.vocab\b"
    r"|\bvocab\[|verbali[sz]er|\w*tok\w*(?:\.encode|\.tokenize)?\(|[\u0120\u2581]",
    re.IGNORECASE,
)
"""Talk of the pieces that a text is cut into; two letters mark the beginning of a word in vocabularies."""
_LOOK_UPS = {"AssertionError", "ValueError", "KeyError", "IndexError"}


def stand_ins(scene: Scene, kind: str) -> list[HubRequest]:
    """The stand-ins of this kind that were served."""
    return [each for each in scene.hub if each.kind == kind and each.provided is Provided.STAND_IN]


def unlisted_configuration(scene: Scene) -> Diagnosis | None:
    """A configuration that the catalogue does not list of a data set of which it lists only some."""
    if not scene.says("BuilderConfig") or not scene.says("not found"):
        return None
    for request in stand_ins(scene, "dataset"):
        known = re.findall(r"'([^']+)'", scene.message.partition("Available:")[2])
        if request.configs and (not known or set(known) <= {*request.configs, "default"}):
            advice = f"The stand-in of {request.id} has some of its configurations only: {', '.join(request.configs)}."
            return Diagnosis("data.loads", Cause.HUB_ASSET, Blame.ASSETS, advice)
    return None


def lacking_part(scene: Scene) -> Diagnosis | None:
    """A revision or file that a stand-in lacks: it has the main revision's usual files, the real one may have more.

    Libraries probe for files that are optional; those are not found on the real hub either and fail nothing.
    """
    if scene.says("[Errno 2]"):  # a file of this machine
        return None
    if scene.type not in _ABSENT_TYPES and not scene.says(*_ABSENT_WORDS):
        return None
    for request in (each for each in scene.hub if each.provided is Provided.STAND_IN):
        named = [name for name in request.lacking if _stands_in(name, scene.message)]
        if not named and f"hf://datasets/{request.id}" not in scene.message:
            continue
        criterion = "data.loads" if request.kind == "dataset" else "model.builds"
        what = f" ({named[-1]})" if named else ""
        advice = f"The stand-in of {request.id} has not all files and revisions of the real one{what}."
        return Diagnosis(criterion, Cause.HUB_ASSET, Blame.ASSETS, advice)
    return None


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


def short_split(scene: Scene) -> Diagnosis | None:
    """Rows that only the real data set has.

    The largest number that the exception names is what was asked for, or how many rows there were. Up to the length
    of the longest split that was shortened, the real one may have had them; beyond that it has not either.
    """
    pairs = [pair for request in stand_ins(scene, "dataset") for pair in request.rows]
    if not pairs:
        return None
    asked = max(_numbers(scene.message), default=0)
    longest = max(true for _, true in pairs)
    too_few = _LENGTH.search(scene.message) is not None and asked <= longest
    if not (too_few or _any_length(scene, pairs) or _own(scene, pairs)):
        return None
    served = " or ".join(str(number) for number in sorted({served for served, _ in pairs}))
    advice = f"The data set's stand-in has {served} rows in a split where the real one has up to {longest}."
    return Diagnosis("data.loads", Cause.DATA_PIPELINE, Blame.ASSETS, advice)


def _any_length(scene: Scene, pairs: list[tuple[int, int]]) -> bool:
    """Whether an index into an array or table, which need not be rows, is one that only the real rows have."""
    own = [frame.source for frame in scene.frames if frame.in_submission][-1:]
    numbers = _numbers(scene.message) or _numbers(" ".join(own))
    return _ANY_LENGTH.search(scene.message) is not None and _between(pairs, max(numbers, default=0))


def _own(scene: Scene, pairs: list[tuple[int, int]]) -> bool:
    """Whether the submission's own check of its rows, or index into them, names more than a stand-in has."""
    last = scene.frames[-1] if scene.frames else None
    if last is None or not last.in_submission:
        return False
    if scene.type == "IndexError":
        return any(_between(pairs, number) for number in _numbers(last.source))
    words = _words(scene)
    if re.match(r"\s*(?:raise|assert)\b", last.source) is None or _ROWS.search(words) is None:
        return False
    numbers = _numbers(words)
    # Where it names no number, what it wanted may be what the real data set has.
    return any(_between(pairs, number) for number in numbers) if numbers else _SHORTAGE.search(words) is not None


def _numbers(text: str) -> list[int]:
    return [int(each.replace("_", "")) for each in re.findall(r"(?<![\w.])\d[\d_]{0,11}", text)]


def _between(pairs: list[tuple[int, int]], number: int) -> bool:
    """Whether it is beyond a stand-in's rows, and not beyond the real ones."""
    return any(served <= number <= true for served, true in pairs)


def tokenization(scene: Scene) -> Diagnosis | None:
    """The submission's own check of the pieces that a text is cut into, where a stand-in's tokenizer cut it.

    A stand-in's vocabulary is learned from made-up text, whatever its size, so no number of pieces, and no piece
    besides the special ones, is the real tokenizer's.
    """
    last = scene.frames[-1] if scene.frames else None
    if last is None or not last.in_submission or scene.type not in _LOOK_UPS or not stand_ins(scene, "model"):
        return None
    if not _PIECES.search(_words(scene)):
        return None
    advice = "The stand-in's tokenizer cuts text into other pieces than the real one."
    return Diagnosis("model.builds", Cause.MODEL, Blame.ASSETS, advice)


def _words(scene: Scene) -> str:
    """The exception's message, and the line that raised it."""
    return f"{scene.message}\n{scene.frames[-1].source}" if scene.frames else scene.message
