"""Epochs, steps, batches and intervals of Lightning's Trainer, when one of its loops is entered.

It logs every 50 steps unless told otherwise, which a pass of two batches never reaches.
"""

from . import LIMITS
from .telling import quietly, replace, tell

_LOOPS = {"fit": ("train", "val"), "validate": ("val",), "test": ("test",), "predict": ("predict",)}
"""Method -> what it takes batches of."""
_INTERVALS = ("log_every_n_steps", "check_val_every_n_epoch", "val_check_interval")


def attach(trainer):
    """Attach to lightning.pytorch.trainer.trainer, or to pytorch_lightning.trainer.trainer."""
    for name in _LOOPS:
        replace(trainer.Trainer, name, _entered)


def _entered(original):
    takes = _LOOPS.get(original.__name__, ())

    def enter(self, *args, **kwargs):
        _shorten(self, takes)
        return original(self, *args, **kwargs)

    return enter


@quietly
def _shorten(trainer, takes):
    if trainer.fast_dev_run or trainer.overfit_batches:
        return
    for name in _INTERVALS:
        if type(getattr(trainer, name)) is int:  # a float is a share of the whole
            _lower(trainer, name, 1)
    for name in map("limit_{}_batches".format, takes):
        value = getattr(trainer, name)
        # A share of two batches may be none at all, which Lightning refuses.
        if value and (type(value) is float or value > LIMITS["batches"]):
            setattr(trainer, name, LIMITS["batches"])
            tell(name, None if type(value) is float else value, LIMITS["batches"])
    fit = trainer.fit_loop
    steps = fit.epoch_loop.max_steps
    _lower(fit.epoch_loop, "max_steps", LIMITS["steps"])
    if fit.max_epochs is None or (fit.max_epochs < 0 and steps < 0):  # no end at all
        _set(fit, "max_epochs", LIMITS["passes"])
    else:
        _lower(fit, "max_epochs", LIMITS["passes"])


def _lower(owner, name, most):
    if getattr(owner, name) > most:
        _set(owner, name, most)


def _set(owner, name, value):
    was = getattr(owner, name)
    setattr(owner, name, value)
    tell(name, was, value)
