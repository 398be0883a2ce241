"""Backward passes and the losses they start from, optimizer steps, and whether parameters change."""

import math
import weakref

from .calls import inside, is_compiling
from .channel import State, channel
from .places import place
from .quiet import quietly, replace
from .work import work

LOSSES_READ = 64
"""Losses of a process whose value is read; after those every `LOSSES_SAMPLED`th, for a read waits for the device."""
LOSSES_SAMPLED = 16
WATCHED_PARAMETERS = 32
WATCHED_ELEMENTS = 4096

_optimizers: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_scaled: dict = {"output": None, "value": None}


class Losses(State):
    """Values passed to backward by this process."""

    kind = "losses"

    def __init__(self):
        self.reset()

    def reset(self):
        self.count = self.looked_at = self.nan = self.infinite = 0
        self.first = []
        self.bad = None

    def describe(self):
        names = ("count", "looked_at", "nan", "infinite", "first", "bad")
        return {"i": 0, **{name: getattr(self, name) for name in names}}

    def wanted(self):
        """Whether the value of the next loss is to be read."""
        return self.count < LOSSES_READ or self.count % LOSSES_SAMPLED == 0

    def add(self, value):
        self.count += 1
        if value is not None:
            self.looked_at += 1
            if len(self.first) < 8:
                self.first.append(value if math.isfinite(value) else str(value))
            self.nan += math.isnan(value)
            self.infinite += math.isinf(value)
            if self.bad is None and not math.isfinite(value):
                self.bad = {"number": self.count, "at": place()}
        channel().touch(self)


class Optimizer(State):
    """One optimizer object."""

    kind = "optimizer"

    def __init__(self, optimizer):
        self.id = channel().next_id()
        self.name = type(optimizer).__name__
        self.parameters = sum(len(group["params"]) for group in optimizer.param_groups)
        self.steps = self.without = self.at_zero = 0
        self.changed = None
        self.at = place()
        self.before = None  # copies of parts of some parameters, until one of them has changed

    def describe(self):
        names = ("name", "parameters", "steps", "without", "at_zero", "changed", "at")
        return {"i": self.id, **{name: getattr(self, name) for name in names}}


losses = Losses()


def watch():
    """Attach to torch.autograd and torch.optim."""
    import torch
    from torch.optim import optimizer

    channel().resets.extend((_optimizers.clear, losses.reset))
    replace(torch.autograd, "backward", lambda original: _backward(original, torch))
    replace(torch.autograd, "grad", _grad)
    optimizer.register_optimizer_step_pre_hook(_before_step)
    optimizer.register_optimizer_step_post_hook(_after_step)
    scaler = getattr(getattr(torch, "amp", None), "grad_scaler", None) or torch.cuda.amp.grad_scaler
    replace(scaler.GradScaler, "scale", lambda original: _scale(original, torch))


def _backward(original, torch):
    def backward(tensors, *args, **kwargs):
        _begins(tensors, torch)
        work.in_backward += 1
        was, inside.busy = inside.busy, True
        try:
            return original(tensors, *args, **kwargs)
        finally:
            inside.busy = was
            work.in_backward -= 1

    return backward


def _grad(original):
    def grad(*args, **kwargs):
        quietly(work.gradients_asked)()
        return original(*args, **kwargs)

    return grad


@quietly
def _begins(tensors, torch):
    if is_compiling(torch):
        return
    work.backward()
    value = None
    if losses.wanted():
        loss = tensors if isinstance(tensors, torch.Tensor) else tensors[0] if len(tensors) == 1 else None
        output = _scaled["output"]
        if loss is not None and output is not None and output() is loss:
            value = _scaled["value"]
        elif loss is not None and loss.numel() == 1:
            value = float(loss.detach())
    losses.add(value)


def _scale(original, torch):
    def scale(self, outputs):
        result = original(self, outputs)
        if result is not outputs and isinstance(result, torch.Tensor):
            _remember(result, outputs)
        return result

    return scale


@quietly
def _remember(scaled, loss):
    # What a scaler makes infinite on purpose is no infinite loss: read the loss itself.
    value = float(loss.detach()) if losses.wanted() and loss.numel() == 1 else None
    _scaled["output"], _scaled["value"] = weakref.ref(scaled), value


@quietly
def _before_step(optimizer, _args, _kwargs):
    seen = _optimizers.get(optimizer)
    if seen is None:
        seen = _optimizers[optimizer] = Optimizer(optimizer)
    if not any(p.grad is not None for group in optimizer.param_groups for p in group["params"]):
        seen.without += 1
    rates = [group.get("lr") for group in optimizer.param_groups]
    seen.at_zero += all(isinstance(rate, (int, float)) and rate == 0 for rate in rates)
    if seen.changed is not True and seen.before is None:
        seen.before = _copies(optimizer)


@quietly
def _after_step(optimizer, _args, _kwargs):
    seen = _optimizers.get(optimizer)
    if seen is None:
        return
    seen.steps += 1
    # Every one of the first steps, then ever more rarely, until a change is seen.
    if seen.before is not None and (seen.steps <= 16 or seen.steps & (seen.steps - 1) == 0):
        seen.changed = any(not _same(parameter(), copy) for parameter, copy in seen.before if parameter() is not None)
        if seen.changed:
            seen.before = None
    channel().mark(seen)
    work.stepped()
    work.counters.look_at_gpu()
    channel().touch(work.counters)


def _part(parameter):
    flat = parameter.detach().reshape(-1) if parameter.is_contiguous() else parameter.detach().flatten()
    return flat[:: max(1, flat.numel() // WATCHED_ELEMENTS)]


def _copies(optimizer):
    """Weak references to some parameters, those with gradients first, each with a copy of a part of its values."""
    every = [p for group in optimizer.param_groups for p in group["params"]]
    chosen = [p for p in every if p.grad is not None] or every
    chosen = chosen[:: max(1, len(chosen) // WATCHED_PARAMETERS)]
    return [(weakref.ref(p), _part(p).clone()) for p in chosen if p.numel()]


def _same(parameter, copy):
    import torch

    part = _part(parameter)
    return part.shape == copy.shape and part.device == copy.device and torch.equal(part, copy)
