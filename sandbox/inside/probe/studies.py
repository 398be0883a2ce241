"""Optuna: studies made, trials begun, names of the parameters that were suggested, and where their values go.

A value that is written to a configuration is followed: which later read, of a key of the same name, gets it. Values
that are handed on in other ways are not seen, and nothing is said of them.
"""

from .channel import State, channel
from .places import place
from .quiet import quietly, replace
from .work import work

MAX_TOLD = 500


class Studies(State):
    """Of this process."""

    kind = "optuna"

    def __init__(self):
        self.reset()

    def reset(self):
        self.studies = self.trials = 0
        self.sampled = []
        self.at = self.trial_at = None

    def describe(self):
        at = self.trial_at or self.at
        return {"i": 0, "studies": self.studies, "trials": self.trials, "sampled": self.sampled, "at": at}


class Search:
    """What is being searched at the moment, and what became of the values that were suggested last."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.running = 0
        self.values = {}
        self.written = {}
        self.told = set()

    def wrote(self, key, value, at):
        """`value` was written to the configuration key `key`."""
        leaf = _leaf(key)
        for name, suggested in self.values.items():
            # Two settings may well be the same small number; that two are the same float is no accident.
            if _same(suggested, value) and (isinstance(value, float) or _leaf(name) == leaf):
                self.written[leaf] = (name, suggested)
                self._tell("sampled_written", name, key, at=at)

    def read(self, key, value):
        """A key was read, after something was written; behind the search, the best values are, whatever it read."""
        name, suggested = self.written.get(_leaf(key), (None, None))
        if name is not None and self.running:
            self._tell("sampled_read", name, key, same=_same(suggested, value))

    def _tell(self, event, name, key, **more):
        mark = (event, name, key, more.get("same"))
        if mark in self.told:
            return
        if len(self.told) >= MAX_TOLD:
            channel().cut("sampled")
            return
        self.told.add(mark)
        channel().send(event, name=name[:100], key=key, **more)


def _leaf(key):
    return key.replace("/", ".").rsplit(".", 1)[-1]


def _same(one, other):
    return type(one) is type(other) and one == other


studies = Studies()
search = Search()


def watch_studies():
    """Attach to optuna.study.study."""
    from optuna.study import study

    channel().resets.extend((studies.reset, search.reset))
    replace(study.Study, "__init__", lambda original: _noting(original, _made))
    replace(study.Study, "ask", lambda original: _noting(original, _asked))
    replace(study.Study, "optimize", _searching)


def watch_trials():
    """Attach to optuna.trial._trial."""
    from optuna.trial import _trial

    replace(_trial.Trial, "_suggest", _suggesting)


def _noting(original, note):
    def call(self, *args, **kwargs):
        note(*args, **kwargs)
        return original(self, *args, **kwargs)

    return call


def _searching(original):
    def optimize(self, *args, **kwargs):
        search.running += 1
        try:
            return original(self, *args, **kwargs)
        finally:
            search.running -= 1

    return optimize


def _suggesting(original):
    def suggest(self, name, *args, **kwargs):
        value = original(self, name, *args, **kwargs)
        _suggested(name, value)
        return value

    return suggest


@quietly
def _made(*_args, **_kwargs):
    studies.studies += 1
    studies.at = studies.at or place()
    channel().touch(studies)


@quietly
def _asked(*_args, **_kwargs):
    studies.trials += 1
    work.counters.add("search_trials")
    channel().mark(work.counters)
    studies.trial_at = studies.trial_at or place()
    channel().touch(studies)


@quietly
def _suggested(name, value):
    name = str(name)
    if len(search.values) < 200:
        search.values[name] = value
    if name[:100] not in studies.sampled and len(studies.sampled) < 200:
        studies.sampled.append(name[:100])
        channel().touch(studies)
