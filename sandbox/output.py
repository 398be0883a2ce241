"""Keep the head and the tail of a stream, however much is written to it."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from types import TracebackType

MIB = 1 << 20


class Recorder:
    """Writes a stream to `path`, at most `keep_mb` MiB of it (and one line that says what was left out).

    The first half goes to disk as it comes; the last half waits in memory until `close`. Nothing above the bound
    is ever held, on disk or in memory. One writer at a time.
    """

    def __init__(self, path: Path, keep_mb: float) -> None:
        self.total = 0
        """Bytes seen so far, kept or not."""
        self._half = int(keep_mb * MIB) // 2
        self._head_left = self._half
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._file = path.open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        self.total += len(data)
        if self._head_left:
            head, data = data[: self._head_left], data[self._head_left :]
            self._head_left -= len(head)
            self._file.write(head)
        data = data[max(0, len(data) - self._half) :]
        if not data:
            return
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes > self._half:
            surplus = self._tail_bytes - self._half
            first = self._tail.popleft()
            self._tail_bytes -= len(first)
            if len(first) > surplus:
                self._tail.appendleft(first[surplus:])
                self._tail_bytes += len(first) - surplus

    def close(self) -> None:
        if self._file.closed:
            return
        left_out = self.total - (self._half - self._head_left) - self._tail_bytes
        if left_out:
            self._file.write(b"\n[... %d bytes left out ...]\n" % left_out)
        for piece in self._tail:
            self._file.write(piece)
        self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
