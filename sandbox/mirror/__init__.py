"""Real assets: a directory of them in the hub clients' own cache layout, and the network behind it."""

from sandbox.mirror.live import Live
from sandbox.mirror.mirror import Mirror

__all__ = ["Live", "Mirror"]
