"""Half precision where the CPU has no kernel for it: computed in float32 and rounded, as a card does internally."""

import torch

from .served import served

_HALF = (torch.float16, torch.bfloat16)
_WORDS = ("not implemented for 'Half'", "not implemented for 'BFloat16'", "not supported for 'Half'")


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
        for one, other in zip(narrow, wide):
            _write_back(one, other)
    elif narrow is not None and narrow is not wide:
        narrow.copy_(wide)
