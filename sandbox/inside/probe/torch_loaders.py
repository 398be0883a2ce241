"""Batches that a torch DataLoader hands out, at the lowest level, which Trainer, accelerate and Lightning build on."""

import sys
import weakref

from .calls import inside
from .channel import channel
from .places import place
from .quiet import quietly, replace
from .work import Pass, work

_numbers: dict = {}
_AHEAD = ("accelerate/data_loader.py",)
"""Loaders that ask for the next batch before they pass one on."""


def watch():
    """Attach to torch.utils.data.dataloader."""
    from torch.utils.data import dataloader

    channel().resets.append(_numbers.clear)
    replace(dataloader._BaseDataLoaderIter, "__next__", _watched)


def _watched(original):
    def __next__(self):  # noqa: N807
        was, inside.busy = inside.busy, True  # a model that a collate function calls trains on no batch
        try:
            batch = original(self)
        except StopIteration:
            _ended(self)
            raise
        finally:
            inside.busy = was
        _delivered(self, sys._getframe(1))
        return batch

    return __next__


@quietly
def _delivered(iterator, caller):
    of = iterator.__dict__.get("_sandbox_review_pass")
    # The same iterator starts anew where workers persist.
    if of is None or of[0] != channel().pid or iterator._num_yielded <= 1 < of[1].delivered:
        of = iterator._sandbox_review_pass = _begin(iterator, caller)
    work.delivered(of[1], caller.f_code.co_filename.endswith(_AHEAD))


def _begin(iterator, caller):
    begun, pid = Pass(_dataset(iterator._dataset), _length(iterator), place(caller)), channel().pid
    return pid, begun, weakref.ref(iterator, lambda _: _gone(begun, pid))


@quietly
def _ended(iterator):
    of = iterator.__dict__.get("_sandbox_review_pass")
    if of is not None and of[0] == channel().pid:
        work.ended(of[1], gone=False)


@quietly
def _gone(of, pid):
    if pid == channel().pid:
        work.ended(of, gone=True)


def _dataset(dataset):
    kind = type(dataset)
    number = _numbers.setdefault((id(dataset), kind), len(_numbers) + 1)
    return "%s.%s#%d" % (kind.__module__, kind.__qualname__, number)


def _length(iterator):
    try:
        return len(iterator)
    except Exception:  # noqa: BLE001 - an endless data set has none
        return None
