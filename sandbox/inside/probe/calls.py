"""Whether this thread is inside a call that is counted already, so that what it calls in turn is not."""

import threading


class _Inside(threading.local):
    busy = False
    """Inside a module's forward pass, a generate call, a loader or a backward pass."""
    loads = 0
    """Depth of calls that ask for an asset."""
    own = False
    """Inside the probe's own use of a library."""


inside = _Inside()


def is_compiling(torch):
    """torch's own question, whether code is being traced for torch.compile; False where torch is older than it."""
    asked = getattr(getattr(torch, "compiler", None), "is_compiling", None)
    return asked() if asked is not None else False
