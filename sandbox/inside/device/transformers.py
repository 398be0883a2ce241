"""transformers: what it does for a card before and beside torch."""

import importlib.util
import os
import sys

from .served import served


def do_without_card():
    """Called behind the import of transformers.modeling_utils."""
    module = sys.modules["transformers.modeling_utils"]
    # Reserving a card's memory ahead of loading would reserve this machine's.
    if hasattr(module, "caching_allocator_warmup"):
        module.caching_allocator_warmup = lambda *args, **kwargs: None
    if _flash_attention_declared():
        _attend_without_flash(module)


def _flash_attention_declared():
    """Whether the project has flash-attn; without it transformers refuses on a card too, which is a true defect."""
    return bool(os.environ.get("SANDBOX_REVIEW_DEVICE_FLASH")) or importlib.util.find_spec("flash_attn") is not None


def _attend_without_flash(module):
    model = module.PreTrainedModel
    for name in ("_check_and_adjust_attn_implementation", "_autoset_attn_implementation"):
        original = getattr(model, name, None)
        if original is None:
            continue

        def adjusted(self_or_cls, *args, _original=original, **kwargs):
            return _original(
                self_or_cls, *[_plain(value) for value in args], **{k: _plain(v) for k, v in kwargs.items()}
            )

        setattr(model, name, adjusted)
        return


def _plain(value):
    if value in ("flash_attention_2", "flash_attention_3"):
        served("%s (sdpa)" % value)
        return "sdpa"
    return value
