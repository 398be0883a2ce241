"""Handwriting and its likes: 28 by 28 grey pixels and labels in gzipped IDX files.

Format: big-endian magic number (0, 0, type, dimensions), sizes, bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from . import archive
from .pictures import Painter, balanced_labels

SIZE = 28
UNSIGNED_BYTE = 8


def make(facts: Mapping[str, Any], folder: Path, seed: int) -> list[str]:
    """`facts`: classes (their number) and splits: prefix of the file names -> rows."""
    rng = numpy.random.default_rng(seed)
    painter = Painter(facts["classes"], SIZE, 1, rng)
    sums = []
    for prefix, rows in facts["splits"].items():
        labels = balanced_labels(rows, facts["classes"], rng)
        arrays = {"images-idx3": painter.paint(labels)[:, 0], "labels-idx1": labels.astype(numpy.uint8)}
        for kind, array in arrays.items():
            sums.append(archive.write_gz(folder / f"{prefix}-{kind}-ubyte.gz", _idx(array)))
    return sums


def _idx(array: numpy.ndarray[Any, Any]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape) + array.tobytes()
