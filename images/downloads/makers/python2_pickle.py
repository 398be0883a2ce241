"""Pickles as Python 2 wrote them, whose strings are bytes.

Published batches of old data sets are such files: Python 3 reads them with `encoding="bytes"` (keys are bytes) or
`encoding="latin1"` (keys are text), and fails without. A pickle written by Python 3 would take that difference away.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy


def dumps(value: Mapping[str, Any]) -> bytes:
    """Protocol 2. Values: text (ASCII), integers, lists and mappings of these, and arrays of uint8."""
    return b"\x80\x02" + b"".join(_write(value)) + b"."


def _write(value: Any) -> list[bytes]:
    if isinstance(value, str):
        return [_string(value.encode("ascii"))]
    if isinstance(value, int):
        return [_integer(value)]
    if isinstance(value, numpy.ndarray):
        return _array(value)
    if isinstance(value, Mapping):
        inner = [part for pair in value.items() for each in pair for part in _write(each)]
        return [b"}(", *inner, b"u"]
    if isinstance(value, Sequence):
        return [b"](", *[part for each in value for part in _write(each)], b"e"]
    raise TypeError(f"no Python 2 pickle for {type(value).__name__}")


def _string(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text if len(text) < 256 else b"T" + struct.pack("<i", len(text)) + text


def _integer(number: int) -> bytes:
    if 0 <= number < 256:
        return b"K" + bytes([number])
    return b"M" + struct.pack("<H", number) if 0 <= number < 65536 else b"J" + struct.pack("<i", number)


def _array(array: numpy.ndarray[Any, Any]) -> list[bytes]:
    assert array.dtype == numpy.uint8
    shape = b"(" + b"".join(_integer(size) for size in array.shape) + b"t"
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    unsigned = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    return [empty, b"(K\x01", shape, unsigned, b"\x89", _string(array.tobytes()), b"tb"]
