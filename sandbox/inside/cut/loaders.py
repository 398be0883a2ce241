"""At most so many batches in a pass over a torch DataLoader, cut where the loader asks for the next indices.

That is below everything that builds on loaders (accelerate, Trainer, Lightning), and before worker processes fetch in
advance: every reader sees a loader that ends. Its length is that of the pass that was begun last, so that schedules,
means and "the last batch of the epoch" come out right.
"""

import weakref

from . import LIMITS
from .telling import quietly, replace, tell

_passes: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
"""Loader -> passes begun."""


def attach(dataloader):
    """Attach to torch.utils.data.dataloader."""
    iterator = dataloader._BaseDataLoaderIter
    replace(dataloader.DataLoader, "__len__", _length)
    replace(iterator, "__init__", _made)
    replace(iterator, "_reset", _made_again)
    replace(iterator, "_next_index", _next)


def _allowed(passes):
    return LIMITS["batches"] if passes <= LIMITS["passes"] else 1


def _length(original):
    def __len__(self):  # noqa: N807
        length = original(self)
        try:
            loader = self.__dict__.get("base_dataloader", self)  # accelerate's are made around another
            return min(length, _allowed(_passes.get(loader, 0)))
        except Exception:  # noqa: BLE001 - a loader of an unknown kind
            return length

    return __len__


def _made(original):
    def __init__(self, loader, *args, **kwargs):  # noqa: N807
        _begin(self, loader)
        original(self, loader, *args, **kwargs)

    return __init__


def _made_again(original):
    def _reset(self, loader, first_iter=False):
        if not first_iter:
            _begin(self, loader)
        original(self, loader, first_iter)

    return _reset


@quietly
def _begin(iterator, loader):
    passes = _passes[loader] = _passes.get(loader, 0) + 1
    iterator._sandbox_review_left = iterator._sandbox_review_allowed = _allowed(passes)


def _next(original):
    def _next_index(self):
        left = self.__dict__.get("_sandbox_review_left")
        if left is None:
            return original(self)
        if left <= 0:
            _tell(self)
            raise StopIteration
        self._sandbox_review_left = left - 1
        return original(self)

    return _next_index


@quietly
def _tell(iterator):
    try:
        length = len(iterator._index_sampler)
    except TypeError:  # an endless data set has none
        length = None
    allowed = iterator._sandbox_review_allowed
    if length is None or length > allowed:
        tell("batches", length, allowed)
