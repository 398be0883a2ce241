"""Runs named checks one after the other, in one process, and prints a JSON object for each."""

import contextlib
import json
import time
import traceback


def check(name):
    """Run the decorated function now; it fails by raising."""

    def run(function):
        began = time.time()
        try:
            value = function()
            _say(name, began, ok=True, value=repr(value)[:200])
        except Exception as error:
            last = traceback.format_exc()[-1200:]
            _say(name, began, ok=False, error=f"{type(error).__name__}: {str(error)[:400]}", traceback=last)
        return function

    return run


@contextlib.contextmanager
def raises(kind, words):
    """What a card raises must be raised here."""
    try:
        yield
    except kind as error:
        assert words in str(error), str(error)
    else:
        raise AssertionError(f"{kind.__name__} was not raised")


def _say(name, began, **facts):
    print(json.dumps({"check": name, "seconds": round(time.time() - began, 2), **facts}), flush=True)
