"""Several devices: NCCL's place is taken by gloo, and the only card gets the whole batch of a DataParallel."""

from .kernels import kernel_of, register_kernel
from .served import served


def serve(torch):
    """Replace the parts that need NCCL or several cards."""
    _whole_batch_to_the_card(torch)
    if torch.distributed.is_available():
        _collectives_on_cpu(torch)
        _gloo_for_nccl(torch.distributed)


def _whole_batch_to_the_card(torch):
    """Splitting a batch over one card is moving it there; torch does so by streams and its compiled part."""
    from torch.utils._pytree import tree_map

    def scatter(self, inputs, kwargs, device_ids):
        served("torch.nn.DataParallel")

        def move(value):
            return value.to("cuda:0") if isinstance(value, torch.Tensor) else value

        return (tree_map(move, inputs),), (tree_map(move, kwargs or {}),)

    torch.nn.DataParallel.scatter = scatter


def _collectives_on_cpu(torch):
    """Gloo asks CUDA for its streams when it gets a tensor of the card."""
    for name in torch._C._dispatch_get_all_op_names():
        if name.startswith("c10d::") and torch._C._dispatch_has_kernel_for_dispatch_key(name, "CUDA"):
            op = getattr(torch.ops.c10d, name.partition("::")[2])
            register_kernel("c10d", name.partition("::")[2], kernel_of(op.default))


def _gloo_for_nccl(distributed):
    original = distributed.init_process_group

    def init_process_group(backend=None, *args, **kwargs):
        if backend is None or "nccl" in str(backend).lower():
            served("torch.distributed nccl (gloo)")
            backend = "gloo"
        kwargs.pop("device_id", None)  # gloo binds to no device
        return original(backend, *args, **kwargs)

    distributed.init_process_group = init_process_group
    distributed.distributed_c10d.init_process_group = init_process_group
    distributed.is_nccl_available = lambda: True
