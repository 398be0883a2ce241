"""Wrapping other people's functions so that nobody notices, and guarding our own code so that it cannot fail them."""

import functools

from .channel import channel

_reported: set = set()
_wrapped: list = []


def trouble(part, message):
    """Tell the host once that a part of the probe does not work."""
    if part not in _reported:
        _reported.add(part)
        channel().send("trouble", part=part, message=str(message)[:300])


def quietly(function):
    """What goes wrong inside is reported once and never raised; the result is None then."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the experiment must never notice
            trouble(function.__module__.rpartition(".")[2] + "." + function.__name__, repr(error))
            return None

    return guarded


def replace(owner, name, make):
    """Put `make(original)` in the place of attribute `name`, looking like the original; True if there was one.

    classmethod and staticmethod stay what they are. What is already ours is left alone.
    """
    original = vars(owner).get(name) if isinstance(owner, type) else getattr(owner, name, None)
    if original is None:
        return False
    kind = type(original) if isinstance(original, (classmethod, staticmethod)) else None
    function = original.__func__ if kind else original
    if getattr(function, "_sandbox_review", False):
        return True
    new = functools.wraps(function)(make(function))
    new._sandbox_review = True
    setattr(owner, name, kind(new) if kind else new)
    _wrapped.append((owner, name, new))
    return True


def replaced_by_others():
    """Names of wrapped attributes that something else took the place of, and does not lead to ours any more."""
    lost = []
    for owner, name, new in _wrapped:
        try:
            now = vars(owner).get(name) if isinstance(owner, type) else getattr(owner, name, None)
            now = getattr(now, "__func__", now)
            for _ in range(10):
                if now is new or now is None:
                    break
                now = getattr(now, "__wrapped__", None)
            if now is not new:
                lost.append("%s.%s" % (getattr(owner, "__name__", owner), name))
        except Exception:  # noqa: BLE001
            continue
    return lost


def put_back(owner, name):
    """Undo replace(), if ours is still there."""
    for entry in _wrapped:
        if entry[0] is owner and entry[1] == name and getattr(owner, name, None) is entry[2]:
            setattr(owner, name, entry[2].__wrapped__)
            _wrapped.remove(entry)
            return
