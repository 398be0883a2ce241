"""What a card refuses: tensors of two devices in one operator, and a generator of the other device.

Seen only for operators that check it on a card; one that takes both is let through. A zero-dimensional CPU tensor is a
number for most operators and never refused here.
"""

import torch

from .generators import is_on_card

# Operators that take tensors of both devices, by the way they are made or because an argument must be on the CPU.
_TAKES_BOTH = {
    "copy_",
    "copy",
    "_to_copy",
    "_copy_from",
    "_copy_from_and_resize",
    "set_",
    "set_data",
    "resize_as_",
    "_pack_padded_sequence",
    "_pack_padded_sequence_backward",
    "_use_cudnn_ctc_loss",
    "_cudnn_ctc_loss",
    "_ctc_loss",
    "_ctc_loss_backward",
    "lstm",
    "gru",
    "rnn_tanh",
    "rnn_relu",
    "_amp_foreach_non_finite_check_and_unscale_",
    "_use_miopen_ctc_loss",
    "miopen_ctc_loss",
    "slice_scatter",
    "select_scatter",
    "diagonal_scatter",
    "as_strided_scatter",
    "segment_reduce",
    "_nested_view_from_buffer",
    "record_stream",
    "equal",
}
_INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index", "_unsafe_index_put"}


class Mixing:
    """What one operator refuses."""

    def __init__(self, op):
        namespace, _, name = op._schema.name.partition("::")
        self._name = name
        self._indexes = namespace == "aten" and name in _INDEXING
        self._free = namespace != "aten" or name in _TAKES_BOTH or name.startswith("_foreach_")

    def check(self, args, kwargs, on_cpu):
        """Raise what a card raises, for an operator that got the tensors `on_cpu` besides tensors of `cuda`."""
        if self._free:
            return
        if self._indexes:
            # Indices may be on the CPU; the other way round they may not.
            if not args[0].is_cuda:
                raise RuntimeError("indices should be either on cpu or on the same device as the indexed tensor (cpu)")
            if all(any(one is index for index in args[1] or ()) for one in on_cpu):
                return
        if not _any_cuda((*args, *kwargs.values())):
            return  # a factory with a device
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! "
            "(when checking arguments in method wrapper_CUDA_%s)" % self._name
        )

    def check_generator(self, args, kwargs, position):
        """Raise what a card raises for a generator of the CPU."""
        generator = args[position] if position < len(args) else kwargs.get("generator")
        if generator is None or generator is torch.default_generator or is_on_card(generator):
            return
        device = kwargs.get("device")
        if (device is not None and device.type == "cuda") or _any_cuda(args):
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")


def _any_cuda(values):
    for value in values:
        if isinstance(value, torch.Tensor):
            if value.is_cuda:
                return True
        elif isinstance(value, (list, tuple)) and _any_cuda(value):
            return True
    return False
