"""The locked environment (torch, transformers, datasets) in which stand-ins are generated."""

from images.runtime.environment import ensure_runtime, runtime_digest

__all__ = ["ensure_runtime", "runtime_digest"]
