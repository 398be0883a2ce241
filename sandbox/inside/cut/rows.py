"""At most so many rows of a Hugging Face data set that a loop of the submission's own gives to a model, one by one.

A loop that only reads rows is left alone: what it gathers (labels, lengths, a vocabulary) must stay whole.
"""

import importlib
import sys

from . import LIMITS
from .telling import replace, tell


def attach(module):
    """Attach to datasets.arrow_dataset, or to datasets.iterable_dataset."""
    for name in ("Dataset", "IterableDataset"):
        kind = vars(module).get(name)
        if kind is not None and kind.__module__ == module.__name__:
            replace(kind, "__iter__", _iter)


def _iter(original):
    def __iter__(self):  # noqa: N807
        rows = original(self)
        return _cut(rows, self) if _asked_by_submission(sys._getframe(1)) else rows

    return __iter__


def _asked_by_submission(frame):
    try:
        if frame.f_globals.get("__name__", "").partition(".")[0] == "tqdm":
            frame = frame.f_back
        return importlib.import_module("_sandbox_review_probe.places").own_file(frame.f_code.co_filename) is not None
    except Exception:  # noqa: BLE001
        return False


def _cut(rows, dataset):
    work = importlib.import_module("_sandbox_review_probe.work").work
    used = 0
    for row in rows:
        before = work.acts
        yield row
        used += work.acts != before  # a forward or a backward pass came between this row and the next
        if used >= LIMITS["rows"]:
            tell("rows", len(dataset) if hasattr(dataset, "__len__") else None, used)
            return
