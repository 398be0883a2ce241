"""Tensors that an operator makes larger: memory under another name cannot grow, so it is replaced."""

import torch

from .relabel import to_cuda

_CPU_KERNELS = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)


def cannot_grow(error):
    """Whether an operator failed because it wanted to make a tensor's memory larger."""
    return "resize storage that is not resizable" in str(error)


def into_new_memory(op, results, given, low_args, low_kwargs):
    """Run `op` into fresh tensors and let the given ones, `cuda` tensors, take over their memory."""
    args, kwargs = list(low_args), dict(low_kwargs)
    places = [place for place in results if place is not None]
    for position, name in places:
        if position < len(args):
            args[position] = torch.empty(0, dtype=args[position].dtype, device="cpu")
        else:
            kwargs[name] = torch.empty(0, dtype=kwargs[name].dtype, device="cpu")
    out = op(*args, **kwargs)
    for position, name in places:
        made = args[position] if position < len(args) else kwargs[name]
        take_over(given(position, name), made)
    return out


def take_over(tensor, made):
    """Give `tensor`, named `cuda`, the memory and shape of the CPU tensor `made`."""
    torch.ops.aten.set_.source_Tensor.redispatch(_CPU_KERNELS, tensor, to_cuda(made))


def resize(tensor, size, memory_format=None):
    """aten::resize_ for a tensor named `cuda`."""
    try:
        torch.ops.aten.resize_.default.redispatch(_CPU_KERNELS, tensor, size, memory_format=memory_format)
    except RuntimeError as error:
        if not cannot_grow(error):
            raise
        made = torch.empty(size, dtype=tensor.dtype, device="cpu")
        made.view(-1)[: tensor.numel()].copy_(tensor.detach().cpu().reshape(-1))
        take_over(tensor, made)
    return tensor
