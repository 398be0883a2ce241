"""Epochs, steps and intervals of transformers' Trainer, through its arguments: it then ends, evaluates and saves as
it would have."""

from . import LIMITS
from .telling import quietly, replace, tell

EVERY = 2
"""Steps between two evaluations, and two checkpoints; alike, since the best checkpoint must have been evaluated."""


def attach(trainer):
    """Attach to transformers.trainer."""
    replace(trainer.Trainer, "train", _train)


def _train(original):
    def train(self, *args, **kwargs):
        _shorten(self.args)
        return original(self, *args, **kwargs)

    return train


@quietly
def _shorten(args):
    _lower(args, "num_train_epochs", LIMITS["passes"])
    if args.max_steps > 0:
        _lower(args, "max_steps", LIMITS["steps"])
    for name, most in (("logging_steps", 1), ("eval_steps", EVERY), ("save_steps", EVERY)):
        value = getattr(args, name, None)
        if isinstance(value, (int, float)) and value > 1:  # below 1 it is a share of the whole
            _lower(args, name, most)


def _lower(args, name, most):
    value = getattr(args, name)
    if value > most:
        object.__setattr__(args, name, most)
        tell(name, value, most)
