"""Puts the parts of the stand-in in place, in the order in which they need each other."""

from .after_import import guarded
from .served import not_served

_served: list = []


def serve(torch):
    """Serve `cuda` by the CPU in this process; reports and leaves torch alone where its build does not allow it."""
    from . import card, kernels, relabel, runtime

    try:
        hooks = runtime.enable_cuda_tensors(torch)
    except runtime.NotServed as error:
        not_served("cuda", error)
        return
    try:
        card.provide(torch)
        kernels.register()
        runtime.answer_for_cuda(torch, hooks)
    except Exception as error:  # noqa: BLE001 - a card that is half there would be worse than none
        card.withdraw(torch)
        hooks.restore()
        not_served("cuda", "%s: %s" % (type(error).__name__, error))
        return
    relabel.forget()
    _around_torch(torch)
    _served.append(True)


def is_served():
    """Whether this process has the stand-in."""
    return bool(_served)


def _around_torch(torch):
    from . import compiling, distributed, generators, memory_of_host, recurrent, storages, streams, tools

    for part in (generators, streams, storages, memory_of_host, recurrent, compiling, distributed, tools):
        guarded(part.__name__, lambda part=part: part.serve(torch))
