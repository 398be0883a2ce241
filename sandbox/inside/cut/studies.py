"""At most so many Optuna trials of a search, which then returns as it would have at its end."""

from . import LIMITS
from .telling import quietly, replace, tell

AGAIN = 3
"""Searches so often where no trial came to its end: without one there are no best parameters."""


def attach(study):
    """Attach to optuna.study.study."""
    replace(study.Study, "optimize", _optimize)


def _optimize(original):
    def optimize(self, func, n_trials=None, *args, **kwargs):
        allowed = LIMITS["trials"]
        if n_trials is not None and n_trials <= allowed:
            return original(self, func, n_trials, *args, **kwargs)
        tell("trials", n_trials, allowed)
        for _ in range(AGAIN if n_trials is None else min(AGAIN, n_trials)):
            original(self, func, allowed, *args, **kwargs)
            if _completed(self) is not False:
                break
        return None

    return optimize


@quietly
def _completed(study):
    return any(trial.state.name == "COMPLETE" for trial in study.get_trials(deepcopy=False))
