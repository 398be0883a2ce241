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
    noise = rng.randbytes(size * channels)
    base = [(label * factor) % 200 + 20 for factor in (37, 91, 53)][:channels]
    period = 2 + label % 7
    pixels = bytearray()
    for row in range(size):
        lift = 30 if row % period == 0 else 0
        shift = noise[row] % size
        line = bytes(
            (base[i % channels] + lift + noise[(i + shift) % len(noise)] // 8) % 256 for i in range(len(noise))
        )
        pixels += line
    written = io.BytesIO()
    Image.frombytes(mode, (size, size), bytes(pixels)).save(written, format="PNG", compress_level=1)
    return {
        "image": {"bytes": written.getvalue(), "path": f"{number}.png"},
        "path": f"{number}.png",
        "label": label,
        "coarse": label * 20 // max(1, len(names)),
        "id": number,
    }


MAKERS = {"picture": picture}
