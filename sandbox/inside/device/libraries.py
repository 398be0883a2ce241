"""Which parts step in when which library is imported; their code is loaded only then, since it imports torch."""

import importlib

from .after_import import around_import


def watch():
    """Before torch is imported: a library may be the one that imports it."""
    around_import("bitsandbytes", before=_part("bitsandbytes", "hide_card"), after=_part("bitsandbytes", "complete"))
    around_import("bitsandbytes.functional", after=_part("bitsandbytes", "unpage_memory"))
    around_import("transformers.modeling_utils", after=_part("transformers", "do_without_card"))


def _part(module, function):
    def call():
        importlib.import_module("torch")
        from . import devices

        if not devices.is_served():
            return None
        return getattr(importlib.import_module("." + module, __package__), function)()

    return call
