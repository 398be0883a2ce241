"""How the process ends: normally, by which exception, or by os._exit; and whether the probe was still in place."""

import atexit
import os
import sys
import threading
import time

from .channel import channel
from .loads import MARK
from .quiet import quietly, replace, replaced_by_others


def watch():
    """Attach to the ends that a process can see coming."""
    atexit.register(_goodbye)
    replace(sys, "excepthook", _excepthook)
    replace(threading, "excepthook", _thread_hook)
    replace(os, "_exit", _exit)


def _excepthook(original):
    def excepthook(kind, value, trace):
        _ended_by(value)
        return original(kind, value, trace)

    return excepthook


def _thread_hook(original):
    def excepthook(args):
        _ended_by(args.exc_value)
        return original(args)

    return excepthook


def _exit(original):
    def _exit(status):
        _leaves()
        return original(status)

    return _exit


@quietly
def _ended_by(error):
    """The marks that failed loads left on the exception and on those it came from."""
    loads, todo, seen = [], [error], set()
    while todo and len(seen) < 100:
        each = todo.pop()
        if each is None or each in seen:
            continue
        seen.add(each)
        if hasattr(each, MARK):
            loads.append(getattr(each, MARK))
        todo += [each.__cause__, each.__context__, *getattr(each, "exceptions", ())]
    channel().send("ended_by", loads=loads, type=type(error).__name__, message=str(error)[:300])


@quietly
def _last_words():
    from .work import work

    phase = channel().phase
    work.finish()
    work.counters.look_at_gpu(at_once=True)
    channel().phase = phase  # what is counted last was done before
    channel().flush()


@quietly
def _leaves():
    _last_words()
    channel().send("left", cpu=_cpu())


@quietly
def _goodbye():
    _last_words()
    channel().farewell(lost=replaced_by_others(), cpu=_cpu())


def _cpu():
    return round(time.process_time(), 2)
