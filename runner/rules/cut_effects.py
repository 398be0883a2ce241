"""Which failures of full mode may come from its being cut short, so that they decide nothing.

Code may rightly rely on a loader, a search or a generation being longer than two batches, one trial and a few tokens:
a prediction for every row, two classes among the labels, a checkpoint that is written every hundred steps. Only what
was cut before the failure, as the probe told, counts; where nothing was cut, nothing is excused.

Values that were lowered in the copy of the configuration may be no periods at all. So full mode that fails with them,
other than in a way that no number can cause, runs once more with the file as written, and only a failure that shows
there again is held against the code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from runner.evidence import Evidence, FullFacts
from runner.review import Traceback
from runner.rules.attempts import same_failure
from runner.vocabulary import Status

_SEARCH = re.compile(
    r"No trials are completed|single trial|at least two trials|importance|Pareto|record does not exist", re.IGNORECASE
)
_FEW = re.compile(
    r"empty (?:sequence|list|slice|TensorList|array)|iterable argument is empty|mean requires|zero-size array"
    r"|at least one array|non-empty|no samples|0 sample|Only one class|one class present|y_true"
    r"|n_samples|n_components|perplexity|n_clusters|number of (?:samples|classes|clusters)"
    r"|at least \w+ (?:samples|data)"
    r"|division by zero|must be (?:of )?the same length|same (?:length|size)|[Ll]ength mismatch|inconsistent numbers"
    r"|does not match length|different lengths|unequal length|out of range|out of bounds|Length of values"
    r"|expected length|same number of rows|n_splits|broadcast together|less than or equal to the number of",
)
_SHAPES = re.compile(r"size of tensor|shape mismatch|[Ss]izes? of tensors|shapes? .* (?:not|mis)")
_STEPS = re.compile(r"Tried to step \d+ times|total number of steps|total_steps")
_UNSET = ("UnboundLocalError", "StopIteration", "ZeroDivisionError", "StatisticsError", "IndexError")
_READS = re.compile(r"\b(?:load\w*|from_pretrained|read\w*|open|Path|restore\w*)\b")
_READERS = ("load", "from_pretrained", "open", "read", "_open_file", "restore")
_NO_NUMBERS_DOING = (
    *("NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError"),
    *("FileNotFoundError", "FileExistsError", "NotADirectoryError", "IsADirectoryError", "PermissionError"),
)
_CALLED_WRONGLY = re.compile(
    r"unexpected keyword argument|required positional argument|multiple values for|positional arguments? but"
    r"|is not JSON serializable|[Dd]irectory .*does not exist|No such file"
    r"|require grad|backward through the graph|inplace operation|same device|same dtype|scalar type"
)
"""What a program does wrongly whatever its numbers are: how it calls, where it writes, what autograd is given."""
_CONFIGURED = ("omegaconf.", "hydra.", "wandb.")
_WORDS = "Full mode was cut short before this; the code may rely on what was cut ({cut}), so it decides nothing."


def cut_effect(traceback: Traceback, evidence: Evidence) -> str:
    """Why a failure may be the cut's doing, in a sentence; "" where it cannot be."""
    facts = evidence.facts
    if not isinstance(facts, FullFacts) or facts.probe is None:
        return ""
    cut = {item.what for item in facts.probe.shortened}
    kind, message = traceback.type.rsplit(".", 1)[-1], traceback.message
    if "trials" in cut and _SEARCH.search(message):
        return _WORDS.format(cut="trials")
    loops = cut - {"trials"}
    if loops and (kind in _UNSET or _FEW.search(message) or _STEPS.search(message) or _compares(traceback)):
        return _WORDS.format(cut=", ".join(sorted(loops)))
    if (loops or facts.lowered) and _misses_a_file(kind, traceback):
        return _WORDS.format(cut=", ".join(sorted(loops)) or "periods")
    return ""


def may_be_of_lowered(evidence: Evidence) -> bool:
    """Whether full mode failed in a way that the values lowered in its copy of the configuration may have caused."""
    facts = evidence.facts
    if evidence.status is not Status.FAILED or evidence.signal or not isinstance(facts, FullFacts) or not facts.lowered:
        return False
    return evidence.traceback is None or not _whatever_the_numbers(evidence.traceback)


def lowered_effect(evidence: Evidence, attempts: Sequence[Evidence]) -> str:
    """Why such a failure decides nothing, in a sentence; "" where it showed with the values as written, too."""
    facts = evidence.facts
    if not may_be_of_lowered(evidence) or not isinstance(facts, FullFacts):
        return ""
    written = _as_written(attempts)
    if any(_ended_alike(other, evidence) for other in written):
        return ""
    keys = ", ".join(item.key for item in facts.lowered[:6])
    ended = f" With the values as written it ended otherwise ({written[-1].status})." if written else ""
    return f"The review lowered {keys} in its copy of the run's configuration, which may have caused this.{ended}"


def seen_as_written(evidence: Evidence, attempts: Sequence[Evidence]) -> bool:
    """Whether a failure showed both with lowered values and with the configuration as written."""
    written = _as_written(attempts)
    lowered = [other for other in attempts if other not in written]
    alike = [any(_ended_alike(other, evidence) for other in part) for part in (written, lowered)]
    return evidence.status is Status.FAILED and all(alike)


def _as_written(attempts: Sequence[Evidence]) -> list[Evidence]:
    return [other for other in attempts if isinstance(other.facts, FullFacts) and not other.facts.lowered]


def _ended_alike(one: Evidence, other: Evidence) -> bool:
    if one.traceback is None and other.traceback is None:
        return one.status is other.status and one.exit_code == other.exit_code
    return same_failure(one, other)


def _whatever_the_numbers(traceback: Traceback) -> bool:
    """Whether no number of the configuration can be the reason: names, calls, files, keys that are not there."""
    kind = traceback.type.rsplit(".", 1)[-1]
    if kind in _NO_NUMBERS_DOING or traceback.type.startswith(_CONFIGURED):
        return True
    if kind == "AttributeError":
        return "NoneType" not in traceback.message  # what is None may have been waited for
    if kind == "KeyError":
        return re.search(r"['\"][^\d'\"]+['\"]", traceback.message) is not None  # not one that is counted up
    return _CALLED_WRONGLY.search(traceback.message) is not None


def _compares(traceback: Traceback) -> bool:
    """Whether the submission's own line counts or compares what was gathered over a loop, below no library's code."""
    last = traceback.frames[-1] if traceback.frames else None
    if last is None or not last.in_submission:
        return False
    counts = traceback.type == "AssertionError" and re.search(r"\blen\(|count|num_", last.source)
    return bool(counts) or _SHAPES.search(traceback.message) is not None


def _misses_a_file(kind: str, traceback: Traceback) -> bool:
    """Whether something is read that periodic code writes, such as a best checkpoint."""
    if kind not in ("FileNotFoundError", "OSError") or not traceback.frames:
        return False
    below = [frame.function for frame in traceback.frames if not frame.in_submission]
    reads = any(name in _READERS for name in below) or bool(_READS.search(_last_source(traceback)))
    writes = any(re.search(r"save|write|dump", name) for name in below)
    writes = writes or bool(re.search(r"save|write|dump|['\"][wax]b?\+?['\"]", _last_source(traceback)))
    return reads and not writes


def _last_source(traceback: Traceback) -> str:
    own = [frame for frame in traceback.frames if frame.in_submission]
    return own[-1].source if own else ""


_LOOPS = {"batches": "batches of a pass", "rows": "rows of a loop", "trials": "trials of the search",
          "tokens": "tokens of a generation"}  # fmt: skip


def cut_short(evidence: Evidence) -> list[str]:
    """What full mode was spared, in words: values lowered in the copy first, then loops, each once."""
    facts = evidence.facts
    if not isinstance(facts, FullFacts):
        return []
    words = [f"{item.key} lowered from {item.was} to {item.now}" for item in facts.lowered]
    for item in facts.probe.shortened if facts.probe else ():
        was = "" if item.was is None else f" from {item.was:g}"
        where = f" at {item.place.file}:{item.place.line}" if item.place.file else ""
        words.append(f"{_LOOPS.get(item.what, item.what)} cut{was} to {item.now:g}{where}")
    return list(dict.fromkeys(words))
