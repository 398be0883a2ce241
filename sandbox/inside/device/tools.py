"""Old tensor types of the card, and the tools that watch one."""

import functools

from .served import served

_KINDS = ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")


def serve(torch):
    """Replace `torch.cuda.FloatTensor` and its kin, nvtx marks, and the profiler's wish to see a card."""
    for kind in _KINDS:
        name = kind + "Tensor"
        setattr(torch.cuda, name, _old_type(torch, name))
    nvtx = torch.cuda.nvtx
    nvtx.range_push = nvtx.range_pop = nvtx.mark = nvtx.range_start = nvtx.range_end = lambda *args, **kwargs: 0
    _profile_the_cpu_only(torch)


def _old_type(torch, name):
    plain = getattr(torch, name)

    class Kind(type):
        def __instancecheck__(cls, instance):
            return isinstance(instance, torch.Tensor) and instance.is_cuda and instance.dtype is plain.dtype

    def new(cls, *args, **kwargs):
        served("torch.cuda." + name)
        return plain(*args, **kwargs).cuda()

    # Tensor.type() reads the name, with its module, from the type itself.
    return Kind("torch.cuda." + name, (), {"__new__": new, "dtype": plain.dtype, "is_cuda": True})


def _profile_the_cpu_only(torch):
    """Asked for a card, the profiler would complain about every single operator."""
    profiler = torch.profiler.profiler._KinetoProfile
    original = profiler.__init__
    cpu, card = torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA

    @functools.wraps(original)
    def init(self, *args, activities=None, **kwargs):
        if activities is not None and card in activities:
            served("torch.profiler (CPU only)")
            # With no activity at all it does not start.
            activities = {cpu, *activities} - {card}
        original(self, *args, activities=activities, **kwargs)

    profiler.__init__ = init
