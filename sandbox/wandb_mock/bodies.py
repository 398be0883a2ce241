"""Bodies of requests. Code under review sends them: each is bounded, inflated piece by piece, and kept on disk.

Parsed, JSON that is made to hurt takes 26 times as much memory as its text, so one large body is parsed at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import IO

from starlette.requests import Request

from sandbox.wandb_mock.refusal import RefusedError

MAX_JSON = 32 * 2**20
"""Bytes, inflated. The clients' own bound for a request of the file stream is 10 MiB before its quotes are escaped."""
MAX_UPLOAD = 256 * 2**20
"""Bytes of a file: what is larger is no matter for a review cut short."""
SMALL = 256 * 2**10
"""Bytes that any number of requests may have in memory."""
PIECE = 2**20


class Bodies:
    """Receives bodies of one server; of those that are not small, few at once."""

    def __init__(self) -> None:
        self._turns = {True: asyncio.Semaphore(4), False: asyncio.Semaphore(1)}
        """For files and for JSON."""

    @contextlib.asynccontextmanager
    async def receive(self, request: Request, is_file: bool) -> AsyncIterator[IO[bytes]]:
        """The whole body, from its beginning. Raises RefusedError: 413 if it is too large, 400 if it is not gzip."""
        most = MAX_UPLOAD if is_file else MAX_JSON
        inflater = zlib.decompressobj(wbits=31) if request.headers.get("content-encoding") == "gzip" else None
        with tempfile.SpooledTemporaryFile(SMALL) as file:
            async with contextlib.AsyncExitStack() as turn:
                size, waited = 0, False
                async for chunk in request.stream():
                    for plain in _inflated(inflater, chunk):
                        size += len(plain)
                        if size > most:
                            raise RefusedError(413, f"more than {most} bytes")
                        if size > SMALL and not waited:
                            await turn.enter_async_context(self._turns[is_file])
                            waited = True
                        file.write(plain)
                file.seek(0)
                yield file


def _inflated(inflater: zlib._Decompress | None, chunk: bytes) -> Iterator[bytes]:
    """A chunk as it was before it was compressed, in pieces."""
    if inflater is None or not chunk:
        yield chunk
        return
    while chunk and not inflater.eof:
        try:
            plain = inflater.decompress(chunk, PIECE)
        except zlib.error as problem:
            raise RefusedError(400, f"the body is not gzip: {problem}") from problem
        chunk = inflater.unconsumed_tail
        yield plain
