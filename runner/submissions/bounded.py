"""Reading compressed input without trusting the sizes it declares."""

from __future__ import annotations

import gzip
import io
import struct
from typing import IO

from runner.submissions.limits import ENTRIES, MIB, UNPACKED_BYTES

_ZIP_DIRECTORY_BYTES = 200 * ENTRIES
"""The table of contents of a zip archive; each entry takes 46 bytes and its name."""

_ZIP_END = struct.Struct("<4s4H2LH")
_ZIP_END_MAGIC = b"PK\x05\x06"
_ZIP64_LOCATOR_MAGIC = b"PK\x06\x07"


class GzipReader(io.RawIOBase):
    """The unpacked bytes of a gzip file. Raises ValueError after UNPACKED_BYTES of them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._stream = gzip.GzipFile(fileobj=file)
        self._left = UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, MIB) if size >= 0 else MIB)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(f"it unpacks to over {UNPACKED_BYTES // MIB} MiB, which is the most")
        return data


def zip_directory_problem(file: IO[bytes]) -> str | None:
    """Why the table of contents of a zip archive may not be read; None when it may.

    `zipfile` reads the whole table into memory before anything can be counted.
    """
    size = file.seek(0, io.SEEK_END)
    tail_size = min(size, _ZIP_END.size + 65535)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    file.seek(0)
    end = tail.rfind(_ZIP_END_MAGIC)
    if end < 0 or len(tail) - end < _ZIP_END.size:
        return "is a damaged zip archive (its table of contents is missing); make it again"
    if _ZIP64_LOCATOR_MAGIC in tail[max(0, end - 20) : end]:
        return "is a ZIP64 archive, which only far larger ones need; make it again without"
    _, _, _, _, entries, directory_bytes, _, _ = _ZIP_END.unpack_from(tail, end)
    if entries > ENTRIES or directory_bytes > _ZIP_DIRECTORY_BYTES:
        return f"lists {entries} entries in {directory_bytes} bytes; {ENTRIES} entries is the most"
    return None
