"""Small pictures whose colour and stripes tell their label."""

from __future__ import annotations

import io
from collections.abc import Mapping
from random import Random
from typing import Any


def picture(rng: Random, number: int, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A PNG of `size` by `size` pixels, `mode` RGB or L. Fields: image, path, label, coarse, id."""
    from PIL import Image

    names = arguments["labels"]
    label = rng.randrange(len(names))
    size, mode = int(arguments.get("size", 32)), str(arguments.get("mode", "RGB"))
    channels = 3 if mode == "RGB" else 1
    width = size * channels
    base = [(label * factor) % 180 + 20 for factor in (37, 91, 53)][:channels]
    noise = rng.randbytes(width)
    plain = bytes(base[i % channels] + noise[i] // 8 for i in range(width)) * 2
    stripe = bytes(value + 20 for value in plain)
    period = 2 + label % 7
    shifts = [noise[row % width] % size * channels for row in range(size)]
    pixels = b"".join(
        (stripe if row % period == 0 else plain)[shift : shift + width] for row, shift in enumerate(shifts)
    )
    written = io.BytesIO()
    Image.frombytes(mode, (size, size), pixels).save(written, format="PNG", compress_level=1)
    return {
        "image": {"bytes": written.getvalue(), "path": f"{number}.png"},
        "path": f"{number}.png",
        "label": label,
        "coarse": label * 20 // max(1, len(names)),
        "id": number,
    }


MAKERS = {"picture": picture}
