"""LSTM and GRU cells, which on a card are one fused operator that the CPU does not have."""

import torch

from .kernels import register_kernel
from .served import served


def serve(torch):
    """Register the fused cells and their gradients."""
    register_kernel("aten", "_thnn_fused_lstm_cell", _lstm)
    register_kernel("aten", "_thnn_fused_lstm_cell_backward_impl", _lstm_backward)
    register_kernel("aten", "_thnn_fused_gru_cell", _gru)
    register_kernel("aten", "_thnn_fused_gru_cell_backward", _gru_backward)


def _gates(input_gates, hidden_gates, input_bias, hidden_bias):
    if input_bias is None:
        return input_gates, hidden_gates
    return input_gates + input_bias, hidden_gates + hidden_bias


def _lstm(input_gates, hidden_gates, cx, input_bias=None, hidden_bias=None):
    served("aten::_thnn_fused_lstm_cell")
    left, right = _gates(input_gates, hidden_gates, input_bias, hidden_bias)
    i, f, g, o = (left + right).chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cy = f * cx + i * g
    return o * cy.tanh(), cy, torch.cat([i, f, g, o], 1)


def _lstm_backward(grad_hy, grad_cy, cx, cy, workspace, has_bias):
    i, f, g, o = workspace.chunk(4, 1)
    tanh_cy = cy.tanh()
    grad_cell = torch.zeros_like(cy) if grad_cy is None else grad_cy
    if grad_hy is not None:
        grad_cell = grad_cell + grad_hy * o * (1 - tanh_cy * tanh_cy)
        grad_o = grad_hy * tanh_cy * o * (1 - o)
    else:
        grad_o = torch.zeros_like(o)
    gates = torch.cat(
        [grad_cell * g * i * (1 - i), grad_cell * cx * f * (1 - f), grad_cell * i * (1 - g * g), grad_o], 1
    )
    return gates, grad_cell * f, gates.sum(0) if has_bias else gates.new_empty(0)


def _gru(input_gates, hidden_gates, hx, input_bias=None, hidden_bias=None):
    served("aten::_thnn_fused_gru_cell")
    left, right = _gates(input_gates, hidden_gates, input_bias, hidden_bias)
    left_r, left_z, left_n = left.chunk(3, 1)
    right_r, right_z, right_n = right.chunk(3, 1)
    r, z = (left_r + right_r).sigmoid(), (left_z + right_z).sigmoid()
    n = (left_n + r * right_n).tanh()
    return (hx - n) * z + n, torch.cat([r, z, n, hx, right_n], 1)


def _gru_backward(grad_hy, workspace, has_bias):
    r, z, n, hx, right_n = workspace.chunk(5, 1)
    grad_n = grad_hy * (1 - z) * (1 - n * n)
    grad_z = grad_hy * (hx - n) * z * (1 - z)
    grad_r = grad_n * right_n * r * (1 - r)
    of_input = torch.cat([grad_r, grad_z, grad_n], 1)
    of_hidden = torch.cat([grad_r, grad_z, grad_n * r], 1)
    if has_bias:
        return of_input, of_hidden, grad_hy * z, of_input.sum(0), of_hidden.sum(0)
    nothing = grad_hy.new_empty(0)
    return of_input, of_hidden, grad_hy * z, nothing, nothing
