"""House numbers as MATLAB files of version 5, written plainly: `X` (32, 32, 3, rows) and `y` (rows, 1), where the digit
0 has the label 10.

Format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from .pictures import Painter, balanced_labels

SIZE = 32
INT8, UINT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 2, 5, 6, 14, 15
UINT8_CLASS = 9


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: splits: name -> rows."""
    rng = numpy.random.default_rng(seed)
    painter = Painter(10, SIZE, 3, rng)
    for name, rows in facts["splits"].items():
        labels = balanced_labels(rows, 10, rng)
        # MATLAB's first axis varies fastest: rows, columns, channels, pictures.
        pixels = painter.paint(labels).transpose(0, 1, 3, 2)
        digits = numpy.where(labels == 0, 10, labels).astype(numpy.uint8)
        with (folder / f"{name}_32x32.mat").open("wb") as file:
            file.write(b"MATLAB 5.0 MAT-file, made-up pictures".ljust(124) + struct.pack("<H2s", 0x0100, b"IM"))
            file.write(_variable(b"X", (SIZE, SIZE, 3, rows), pixels.tobytes()))
            file.write(_variable(b"y", (rows, 1), digits.tobytes()))
    return []


def _variable(name: bytes, shape: tuple[int, ...], content: bytes) -> bytes:
    flags = _element(UINT32, struct.pack("<II", UINT8_CLASS, 0))
    sizes = _element(INT32, struct.pack(f"<{len(shape)}i", *shape))
    matrix = _element(MATRIX, flags + sizes + _element(INT8, name) + _element(UINT8, content))
    packed = zlib.compress(matrix, 1)
    return struct.pack("<II", COMPRESSED, len(packed)) + packed


def _element(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)
