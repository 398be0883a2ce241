"""Pinned memory: a copy that says it is pinned, since pages need no pinning for a card that is not there."""

from .served import served


def serve(torch):
    """Replace pinning of tensors and of storages."""
    is_pinned = torch.Tensor.is_pinned

    def pin_memory(self, device=None):
        served("pin_memory")
        if self.is_cuda:
            raise RuntimeError("cannot pin '%s' only dense CPU tensors can be pinned" % self.type())
        if getattr(self, "_pinned_by_stand_in", False):
            return self
        pinned = self.clone()
        pinned._pinned_by_stand_in = True
        return pinned

    torch.Tensor.pin_memory = pin_memory
    torch.Tensor.is_pinned = lambda self, device=None: getattr(self, "_pinned_by_stand_in", False) or is_pinned(self)
