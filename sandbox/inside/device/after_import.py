"""The import hooks that all instruments of a process share, reporting to this one's report."""

from _sandbox_review_hooks import around_import as _around_import
from _sandbox_review_hooks import guarded as _guarded

from .served import not_served


def guarded(name, action):
    """Call `action`; what goes wrong in a patch is reported and never raised into the experiment."""
    return _guarded(name, action, not_served)


def around_import(name, after=None, before=None):
    """Call `after` once module `name` was executed; `before` just before, and what it returns right behind."""
    _around_import(name, after, before, not_served)
