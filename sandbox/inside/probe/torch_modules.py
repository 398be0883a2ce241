"""Outermost forward passes of modules, and calls of generate.

torch.nn.Module.__call__ gets a wrapper that asks one thread-local flag and goes on: under 0.2 us for every module of a
pass. Global hooks of torch cost several times that, and a hook on a module is pickled with it.
"""

import weakref

from .calls import inside, is_compiling
from .channel import State, channel
from .places import place
from .quiet import quietly, replace
from .work import LOOKED_AT, work

_models: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_WRAPPERS = ("OptimizedModule", "DistributedDataParallel", "DataParallel")
MAX_MODELS = 64


class Model(State):
    """A module whose forward was called from outside of any other."""

    kind = "model"

    def __init__(self, module):
        self.id = channel().next_id()
        inner = module
        for attribute in ("_orig_mod", "module"):
            if type(inner).__name__ in _WRAPPERS:
                inner = getattr(inner, attribute, inner)
        self.name = "%s.%s" % (type(inner).__module__, type(inner).__qualname__)
        self.forwards = self.without = 0
        self.graded = False
        self.at = place()
        self.look(module)

    def look(self, module):
        sizes = [(p.numel(), p.requires_grad, str(p.device)) for p in module.parameters()]
        self.parameters = sum(size for size, _, _ in sizes)
        self.trainable = sum(size for size, trains, _ in sizes if trains)
        self.devices = sorted({device for _, _, device in sizes})

    def describe(self):
        names = ("name", "parameters", "trainable", "forwards", "without", "devices", "at")
        return {"i": self.id, **{name: getattr(self, name) for name in names}}


def watch():
    """Attach to torch.nn.Module."""
    import torch

    channel().resets.extend((_models.clear, _many.clear))
    replace(torch.nn.Module, "__call__", lambda original: _outermost(torch, original))


def watch_generate():
    """Attach to transformers' generate."""
    from transformers.generation import utils

    replace(utils.GenerationMixin, "generate", _generate)


def _outermost(torch, original):
    def __call__(self, *args, **kwargs):  # noqa: N807
        if inside.busy:
            return original(self, *args, **kwargs)
        inside.busy = True
        try:
            _called(self, args, kwargs, torch)
            return original(self, *args, **kwargs)
        except BaseException as error:
            _without_us(error, __call__.__code__)
            raise
        finally:
            inside.busy = False

    # torch.compile must pass over this frame to the one of `forward`, as it does for torch's own.
    try:
        torch._C._dynamo.eval_frame.skip_code(__call__.__code__)
    except Exception:  # noqa: BLE001 - an older torch has no such thing
        pass
    return __call__


def _generate(original):
    def generate(self, *args, **kwargs):
        if inside.busy:
            return original(self, *args, **kwargs)
        inside.busy = True
        try:
            _generates(self)
            return original(self, *args, **kwargs)
        finally:
            inside.busy = False

    return generate


@quietly
def _called(module, args, kwargs, torch):
    if work.in_backward:
        return  # recomputed for a checkpoint
    model = _model(module)
    if model is None:
        return
    gradients = torch.is_grad_enabled()
    key = _key(args, kwargs, torch) if work.wants_key() else None
    model.forwards += 1
    if not gradients:
        model.without += 1
    elif not model.graded:
        model.graded = True
        model.look(module)
    channel().mark(model)
    work.forward(gradients, key)
    work.counters.look_at_gpu()
    channel().touch(work.counters)


@quietly
def _generates(module):
    model = _model(module)
    if model is not None:
        model.forwards += 1
        model.without += 1
        channel().mark(model)
    work.forward(False, None, generates=True)
    work.counters.look_at_gpu()
    channel().touch(work.counters)


def _model(module):
    """What is known of it; None for modules without parameters, such as losses."""
    model = _models.get(module, 0)
    if model == 0:
        if next(module.parameters(), None) is None:
            model = None
        elif len(_models) < MAX_MODELS:
            model = Model(module)
        else:
            model = _many
            if not model:
                model.append(Model(module))
        _models[module] = model
    return model[0] if model is _many else model


_many: list = []


def _key(args, kwargs, torch):
    """Tells one input from another; None where nothing can be told."""
    if is_compiling(torch) or torch._C._get_tracing_state() is not None:
        return None
    if work.keys_made >= LOOKED_AT:
        work.keys_made += 1
        return work.keys_made
    tensor = _first_tensor((*args, *kwargs.values()), torch)
    if tensor is None or tensor.device.type == "meta" or tensor.is_complex() or type(tensor) is not torch.Tensor:
        return None
    if tensor.is_cuda and torch.cuda.is_current_stream_capturing():
        return None
    work.keys_made += 1
    with torch.no_grad():
        plain = tensor.detach()
        weighed = plain.double() if plain.is_floating_point() else plain.long()
        return (tuple(plain.shape), str(plain.dtype), float(weighed.sum()), float(weighed.flatten()[::7].sum()))


def _first_tensor(values, torch, depth=0):
    for value in values:
        if isinstance(value, torch.Tensor):
            return value
        if depth < 2 and isinstance(value, (list, tuple)):
            found = _first_tensor(value[:8], torch, depth + 1)
        elif depth < 2 and hasattr(value, "values") and hasattr(value, "keys"):
            found = _first_tensor(list(value.values())[:8], torch, depth + 1)
        else:
            found = None
        if found is not None:
            return found
    return None


def _without_us(error, code):
    """Take the wrapper's frames, but the outermost one, out of a traceback: the reader's business is the model."""
    try:
        link = error.__traceback__
        while link is not None and link.tb_next is not None:
            if link.tb_next.tb_frame.f_code is code:
                link.tb_next = link.tb_next.tb_next
            else:
                link = link.tb_next
    except Exception:  # noqa: BLE001
        pass
