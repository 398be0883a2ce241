from __future__ import annotations

import random
from pathlib import Path

import pytest

from sandbox.output import MIB, Recorder

KEEP = 1024


def record(path: Path, pieces: list[bytes]) -> bytes:
    with Recorder(path, KEEP / MIB) as recorder:
        for piece in pieces:
            recorder.write(piece)
    assert recorder.total == sum(map(len, pieces))
    return path.read_bytes()


@pytest.mark.parametrize("size", [0, 1, KEEP // 2, KEEP // 2 + 1, KEEP - 1, KEEP])
def test_what_fits_is_kept_as_it_is(tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert record(tmp_path / "out", [data]) == data


@pytest.mark.parametrize("piece", [1, 7, 512, 1000, 5000])
def test_of_more_the_head_and_the_tail_are_kept(tmp_path: Path, piece: int) -> None:
    data = random.Random(piece).randbytes(5000)
    kept = record(tmp_path / "out", [data[start : start + piece] for start in range(0, len(data), piece)])
    marker = b"\n[... %d bytes left out ...]\n" % (5000 - KEEP)
    assert kept == data[: KEEP // 2] + marker + data[-KEEP // 2 :]


def test_the_head_is_on_disk_at_once(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "out", KEEP / MIB)
    recorder.write(b"early")
    assert (tmp_path / "out").read_bytes() == b"early"
    recorder.close()
    recorder.close()
