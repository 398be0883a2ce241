"""Tells the host of cuts, through the probe's channel; and puts wrappers in place."""

import functools
import importlib

_told: set = set()


def _probe(part):
    return importlib.import_module("_sandbox_review_probe." + part)


def trouble(part, message):
    """Tell the host once that a part of the cut does not work."""
    _probe("quiet").trouble("cut." + part, message)


def tell(what, was, now):
    """`what` was cut from `was` (None where that is not known) to `now`; told once for each place in the code."""
    try:
        at = _probe("places").place()
        mark = (what, tuple(at or ()))
        if mark not in _told and len(_told) < 200:
            _told.add(mark)
            _probe("channel").channel().send("cut_short", what=what, was=was, now=now, at=at)
    except Exception:  # noqa: BLE001 - the experiment must never notice
        pass


def replace(owner, name, make):
    """Put `make(original)` in the place of a method, looking like the original."""
    original = vars(owner).get(name)
    if original is None or getattr(original, "_sandbox_review_cut", False):
        return
    new = functools.wraps(original)(make(original))
    new._sandbox_review_cut = True
    setattr(owner, name, new)


def quietly(function):
    """What goes wrong inside is reported once and never raised; the result is None then."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001
            trouble(function.__module__.rpartition(".")[2] + "." + function.__name__, repr(error))
            return None

    return guarded
