"""Runs functions around the import of named modules, by wrapping those modules' loaders.

Loaded under the name `_sandbox_review_hooks`, once for all instruments of a process.
"""

import importlib.util
import sys
import threading


class _Around:
    """A finder that steps in once for each name it knows."""

    def __init__(self):
        self.before = {}
        self.after = {}
        self._busy = threading.local()

    def find_spec(self, name, path=None, target=None):
        if name not in self.before and name not in self.after:
            return None
        busy = self._busy.__dict__.setdefault("names", set())
        if name in busy:
            return None  # the search below comes through here again
        busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            busy.discard(name)
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return spec
        execute = spec.loader.exec_module

        def exec_module(module):
            # Only here: whoever asks for a spec may just want to know whether the package is there.
            before, after = self.before.pop(name, ()), self.after.pop(name, ())
            undo = [guarded(name, action, report) for action, report in before]
            try:
                execute(module)
            finally:
                for restore in filter(None, undo):
                    restore()
            for action, report in after:
                guarded(name, action, report)

        spec.loader.exec_module = exec_module
        return spec


def guarded(name, action, report=None):
    """Call `action`; what goes wrong goes to `report(name, message)` and is never raised into the experiment."""
    try:
        return action()
    except Exception as error:  # noqa: BLE001
        if report is not None:
            report(name, "%s: %s" % (type(error).__name__, error))
        return None


_around = _Around()


def around_import(name, after=None, before=None, report=None):
    """Call `after` once module `name` was executed; `before` just before, and what it returns right behind.

    A module that is loaded already gets its `after` now. Several may ask for one name; they are called in that order.
    """
    if name in sys.modules:
        if after is not None:
            guarded(name, after, report)
        return
    if after is not None:
        _around.after.setdefault(name, []).append((after, report))
    if before is not None:
        _around.before.setdefault(name, []).append((before, report))
    if _around not in sys.meta_path:
        sys.meta_path.insert(0, _around)


def in_place():
    """Whether imports still come through here."""
    return _around in sys.meta_path
