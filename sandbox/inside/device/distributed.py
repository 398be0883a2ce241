"""Several devices: NCCL's place is taken by gloo, and the only card gets the whole batch of a DataParallel."""

from .served import served


def serve(torch):
    """Replace the parts that need NCCL or several cards."""
    torch._C._scatter = _scatter(torch)
    torch._C._gather = lambda tensors, dim, *rest: torch.cat([t.cuda() for t in tensors], dim)
    torch._C._broadcast_coalesced = lambda tensors, devices, size: [list(tensors) for _ in devices]
    torch._C._broadcast = lambda tensor, devices: [tensor.cuda() for _ in devices]
    if torch.distributed.is_available():
        _gloo_for_nccl(torch.distributed)


def _scatter(torch):
    def scatter(tensor, devices, chunk_sizes=None, dim=0, streams=None):
        served("torch.nn.DataParallel")
        sizes = chunk_sizes or -(-tensor.size(dim) // len(devices))
        return tuple(part.to("cuda:0") for part in torch.split(tensor, sizes, dim))

    return scatter


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
