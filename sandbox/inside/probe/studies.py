"""Optuna: studies made, trials begun, names of the parameters that were suggested."""

from .channel import State, channel
from .places import place
from .quiet import quietly, replace
from .work import work


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


studies = Studies()


def watch_studies():
    """Attach to optuna.study.study."""
    from optuna.study import study

    channel().resets.append(studies.reset)
    replace(study.Study, "__init__", lambda original: _noting(original, _made))
    replace(study.Study, "ask", lambda original: _noting(original, _asked))


def watch_trials():
    """Attach to optuna.trial._trial."""
    from optuna.trial import _trial

    replace(_trial.Trial, "_suggest", lambda original: _noting(original, _suggested))


def _noting(original, note):
    def call(self, *args, **kwargs):
        note(*args, **kwargs)
        return original(self, *args, **kwargs)

    return call


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
def _suggested(name, *_args, **_kwargs):
    if name not in studies.sampled and len(studies.sampled) < 200:
        studies.sampled.append(str(name)[:100])
        channel().touch(studies)
