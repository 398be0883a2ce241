"""Cross-entropies whose targets are all masked out or empty. Only the first calls are looked at."""

from .channel import State, channel
from .places import place
from .quiet import put_back, quietly, replace

LOOKED_AT = 64


class Masked(State):
    """What was seen in this process."""

    kind = "masked"

    def __init__(self):
        self.reset()

    def reset(self):
        self.calls = self.of = 0
        self.at = None

    def describe(self):
        return {"i": 0, "calls": self.calls, "of": self.of, "at": self.at}


masked = Masked()


def watch():
    """Attach to torch.nn.functional."""
    import torch

    channel().resets.append(masked.reset)
    for name in ("cross_entropy", "nll_loss"):
        replace(torch.nn.functional, name, lambda original: _watched(original, torch))
        # torch.jit.script compiles source; it must find the original's.
        ours = getattr(torch.nn.functional, name)
        ours.__prepare_scriptable__ = lambda ours=ours: ours.__wrapped__


def _watched(original, torch):
    compiling = getattr(getattr(torch, "compiler", None), "is_compiling", None) or (lambda: False)

    def loss(input, target, weight=None, size_average=None, ignore_index=-100, *args, **kwargs):
        if not compiling():
            _look(input, target, ignore_index, torch)
        return original(input, target, weight, size_average, ignore_index, *args, **kwargs)

    return loss


@quietly
def _look(input, target, ignore_index, torch):
    if masked.of >= LOOKED_AT:
        for name in ("cross_entropy", "nll_loss"):
            put_back(torch.nn.functional, name)
        return
    if not torch.is_grad_enabled() or not getattr(input, "requires_grad", False):
        return
    if target.is_floating_point() or torch._C._get_tracing_state() is not None:
        return
    masked.of += 1
    if target.numel() == 0 or not bool((target != ignore_index).any()):
        masked.calls += 1
        masked.at = masked.at or place()
        channel().touch(masked)
    else:
        channel().mark(masked)
