"""Half precision where the CPU has no kernel for it, or a slow one: computed in float32 and rounded.

So does a card, which adds up in float32. Measured on a server's core without float16 arithmetic: matrix products and
convolutions of float16 take 5 to 60 times as long as those of float32, everything else is as fast.
"""

import torch

from .served import served

_HALF = (torch.float16, torch.bfloat16)
_WORDS = ("not implemented for 'Half'", "not implemented for 'BFloat16'", "not supported for 'Half'")
_SLOW = {
    "aten::" + name for name in ("mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "convolution", "convolution_backward")
}


def slow_in_float16(op):
    """Whether float16 makes `op` much slower on a CPU."""
    return op._schema.name in _SLOW


def any_float16(values):
    """Whether one of the arguments is a float16 tensor."""
    return any(isinstance(value, torch.Tensor) and value.dtype is torch.float16 for value in values)


def lacks_kernel(error):
    """Whether a CPU kernel failed because it has no half precision."""
    text = str(error)
    return any(word in text for word in _WORDS)


def in_float32(op, args, kwargs, results):
    """Run `op` on float32 copies of its half-precision tensors; what it writes in place is written back."""
    served("%s in float32" % op._schema.name)
    dtypes = []
    wide_args = [_widen(value, dtypes) for value in args]
    wide_kwargs = {name: _widen(value, dtypes) for name, value in kwargs.items()}
    out = op(*wide_args, **wide_kwargs)
    for place in results or ():
        if place is not None:
            position, name = place
            inside = position < len(args)
            _write_back(
                args[position] if inside else kwargs[name], wide_args[position] if inside else wide_kwargs[name]
            )
    return _narrow(out, dtypes[0] if dtypes and kwargs.get("dtype") is None else None)


def _widen(value, dtypes):
    if isinstance(value, torch.Tensor) and value.dtype in _HALF:
        dtypes.append(value.dtype)
        return value.float()
    if isinstance(value, (list, tuple)):
        return [_widen(item, dtypes) for item in value]
    return value


def _narrow(value, dtype):
    if isinstance(value, torch.Tensor) and value.dtype is torch.float32 and dtype is not None:
        return value.to(dtype)
    if isinstance(value, (list, tuple)):
        return type(value)([_narrow(item, dtype) for item in value])
    return value


def _write_back(narrow, wide):
    if isinstance(narrow, (list, tuple)):
        for one, other in zip(narrow, wide, strict=True):
            _write_back(one, other)
    elif narrow is not None and narrow is not wide:
        narrow.copy_(wide)
