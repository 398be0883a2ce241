"""Writes the weights of a wide stand-in: gigabytes by size, few of them in memory or on disk.

The file is mapped into memory and the model's parameters are views of it, so that the family's own initialisation
writes to disk what it draws. Of an embedding, only rows of tokens that a text can contain are drawn; the others are
holes in the file, which read as zeros.
"""

from __future__ import annotations

import gc
import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .vocabulary import Vocabulary

NAMES = {"torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16"}
"""PyTorch's names of number formats -> those of the safetensors format."""


def write_sparse(architecture: Any, settings: Any, dtype: Any, folder: Path, vocabulary: Vocabulary | None) -> int:
    """Write `folder/model.safetensors`; returns the number of parameters, 0 if this model is not one of numbers alone.

    Such are models with running statistics, which have to see data first; they are small.
    """
    import torch

    with torch.device("meta"):
        model = architecture(settings).to(dtype)
    model.tie_weights()
    parameters = dict(model.named_parameters())
    names = {id(parameter): name for name, parameter in parameters.items()}
    shared = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    if set(model.state_dict()) - shared:
        return 0
    header, starts, size = _layout(parameters)
    with (folder / "model.safetensors").open("w+b") as handle:
        handle.truncate(size)
        mapped = mmap.mmap(handle.fileno(), size)
    mapped[: len(header)] = header
    views = {
        name: torch.frombuffer(mapped, dtype=each.dtype, count=each.numel(), offset=starts[name]).view(each.shape)
        for name, each in parameters.items()
    }
    _initialise(model, names, views, vocabulary)
    mapped.flush()
    count = sum(each.numel() for each in parameters.values())
    # The mapping ends with the last view of it.
    del views, parameters, model
    gc.collect()
    return count


def _layout(parameters: Mapping[str, Any]) -> tuple[bytes, dict[str, int], int]:
    """The file's head, where each tensor starts in it, and its size; in bytes, tensors without gaps between them."""
    described: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    ends = 0
    for name, each in parameters.items():
        begins, ends = ends, ends + each.numel() * each.element_size()
        described[name] = {
            "dtype": NAMES[str(each.dtype)],
            "shape": list(each.shape),
            "data_offsets": [begins, ends],
        }
    text = json.dumps(described).encode()
    text += b" " * (-len(text) % 8)
    head = len(text).to_bytes(8, "little") + text
    starts = {name: len(head) + described[name]["data_offsets"][0] for name in parameters}
    return head, starts, len(head) + ends


def _initialise(model: Any, names: Mapping[int, str], views: Mapping[str, Any], vocabulary: Vocabulary | None) -> None:
    """Let the family draw its weights into the views."""
    import torch

    filler = vocabulary.filler if vocabulary else range(0)
    rows = model.config.get_text_config().to_dict().get("vocab_size") if filler else None
    tables = {name for name, view in views.items() if rows and view.dim() > 1 and view.shape[0] == rows}
    for module in model.modules():
        # Set where the model was made without memory; nothing is drawn where it is true.
        module.__dict__.pop("_is_hf_initialized", None)
        for key, parameter in module._parameters.items():
            if parameter is not None:
                name = names[id(parameter)]
                view = views[name][: filler.start] if name in tables else views[name]
                module._parameters[key] = torch.nn.Parameter(view, requires_grad=False)
        padding = getattr(module, "padding_idx", None)
        if filler and padding is not None and padding >= filler.start:
            module.padding_idx = None
    with torch.no_grad():
        for name, view in views.items():
            if view.dim() == 1 and name.endswith("weight"):
                view.fill_(1)  # What a family does not draw itself is a norm's.
        model.initialize_weights()
        for name, view in views.items():
            drawn = view[: filler.start] if name in tables else view
            if view.dim() > 1 and not drawn.any():
                drawn.normal_(0, 0.02)
            if name in tables:
                view[filler.stop :].normal_(0, float(drawn.float().std()))
