"""bitsandbytes without its CUDA library: its own code for CPUs is used, and what that lacks is put in.

Its layers stay its own, so their weights are packed and quantised as on a card. Needs the versions that know their
operators by name (0.46 and newer); older ones call their CUDA library directly and fail saying so.
"""

import sys

from .kernels import register_kernel, register_namespace
from .quantizing import dequantize, dequantize_out, quantize
from .served import served


def hide_card():
    """Without a card in sight it loads its library for CPUs, not one that needs CUDA's."""
    import torch

    is_available = torch.cuda.is_available
    torch.cuda.is_available = lambda: False

    def undo():
        torch.cuda.is_available = is_available

    return undo


def complete():
    import torch

    served("bitsandbytes")
    register_namespace("bitsandbytes")
    ours = {
        "quantize_blockwise": quantize,
        "dequantize_blockwise": dequantize,
        "dequantize_blockwise.out": dequantize_out,
        "optimizer_update_8bit_blockwise": _step_of_8bit_optimizer,
        "int8_double_quant": _quantize_rows_and_columns,
    }
    for name, function in ours.items():
        if torch._C._dispatch_has_kernel("bitsandbytes::" + name):
            register_kernel("bitsandbytes", name, function)


def unpage_memory():
    """Paged optimizers keep their states in ordinary memory: there is no card to page to."""
    import torch

    functional = sys.modules["bitsandbytes.functional"]

    def get_paged(*shape, dtype=torch.float32, device=None):
        served("bitsandbytes paged memory")
        states = torch.zeros(*shape, dtype=dtype, device=device or "cuda")
        states.is_paged, states.page_deviceid = True, 0
        return states

    functional.get_paged = get_paged
    functional.fill = lambda tensor, value, *args, **kwargs: tensor.fill_(value)
    functional.prefetch_tensor = lambda *args, **kwargs: None


_BLOCK = 256  # values that share a scale in the states of 8-bit optimizers


def _step_of_8bit_optimizer(name, g, p, state1, state2, beta1, beta2, beta3, alpha, eps, step, lr, *rest, **named):
    """One step of an optimizer whose states are kept in 8 bits: unpacked, updated in 32 bits, packed again."""
    import torch

    served("bitsandbytes 8-bit %s" % name)
    words = ("qmap1", "qmap2", "absmax1", "absmax2", "weight_decay", "gnorm_scale", "skip_zeros")
    given = {**dict(zip(words, rest, strict=False)), **named}
    ops = torch.ops.bitsandbytes
    packed = [(state1, given["qmap1"], given["absmax1"])]
    if state2 is not None:
        packed.append((state2, given["qmap2"], given["absmax2"]))
    wide = [dequantize(s, absmax, qmap, _BLOCK, torch.float32) for s, qmap, absmax in packed]
    ops.optimizer_update_32bit(
        name, g, p, wide[0], wide[1] if len(wide) > 1 else None, None, 0.0, 0.0, beta1, beta2, beta3, alpha, eps,
        given["weight_decay"], step, lr, given.get("gnorm_scale", 1.0), given.get("skip_zeros", False),
    )  # fmt: skip
    for (state, qmap, absmax), values in zip(packed, wide, strict=True):
        quantized, scales = quantize(values, qmap, _BLOCK)
        state.copy_(quantized.view_as(state))
        absmax.copy_(scales.view_as(absmax))


def _quantize_rows_and_columns(values, threshold=0.0):
    """A matrix in 8 bits, by rows and by columns, with the columns that hold outliers."""
    import torch

    rows, row_scales, outliers = torch.ops.bitsandbytes.int8_vectorwise_quant(values, threshold)
    kept = values if not threshold else values.masked_fill(values.abs() >= threshold, 0.0)
    column_scales = kept.abs().amax(0).float()
    columns = torch.round(kept.float() * (127.0 / column_scales.clamp(min=1e-12))).to(torch.int8)
    return rows, columns, row_scales, column_scales, outliers
