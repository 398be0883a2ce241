"""Blockwise 8-bit quantisation for bitsandbytes, whose own code for CPUs starts a thread for each block and may crash.

A value is stored as the number of the nearest entry of a sorted table of 256, after division by its block's maximum.
"""

import torch


def quantize(values, table, block_size):
    """bitsandbytes::quantize_blockwise: the numbers, shaped as `values`, and each block's maximum."""
    flat = values.reshape(-1).float()
    blocks = torch.nn.functional.pad(flat, (0, -flat.numel() % block_size)).view(-1, block_size)
    maxima = blocks.abs().amax(1)
    scaled = blocks / torch.where(maxima > 0, maxima, torch.ones_like(maxima)).unsqueeze(1)
    borders = (table[1:] + table[:-1]) / 2
    numbers = torch.bucketize(scaled.view(-1)[: flat.numel()], borders.to(scaled.device)).to(torch.uint8)
    return numbers.view(values.shape), maxima


def dequantize(numbers, maxima, table, block_size, dtype):
    """bitsandbytes::dequantize_blockwise: the values, shaped as `numbers`."""
    flat = table[numbers.reshape(-1).int()]
    scales = maxima.repeat_interleave(block_size)[: flat.numel()]
    return (flat * scales).to(dtype).view(numbers.shape)


def dequantize_out(numbers, maxima, table, block_size, dtype, out):
    """bitsandbytes::dequantize_blockwise.out."""
    out.copy_(dequantize(numbers, maxima, table, block_size, dtype).view(out.shape))
