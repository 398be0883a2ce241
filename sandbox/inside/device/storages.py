"""Storages of the card, which saving, loading and deep copies of tensors make by themselves."""

from .relabel import to_cuda
from .served import served


def serve(torch):
    """Let torch.UntypedStorage be made on the card."""
    Storage = torch.UntypedStorage  # noqa: N806
    make = Storage.__new__

    def new(cls, *args, **kwargs):
        device = kwargs.get("device")
        if device is None or torch.device(device).type != "cuda":
            return make(cls, *args, **kwargs)
        served("torch.UntypedStorage on cuda")
        size = args[0] if args else kwargs.get("size", 0)
        content = torch.zeros(0, dtype=torch.uint8)
        if isinstance(size, int):
            content = torch.empty(size, dtype=torch.uint8)
        elif size is not None:
            content = torch.tensor(list(size), dtype=torch.uint8)
        return to_cuda(content).untyped_storage()

    def clone(self):
        return type(self)(self.nbytes(), device=self.device).copy_(self)

    Storage.__new__ = new
    Storage.clone = clone
    Storage.pin_memory = lambda self, device="cuda": self
