"""The one exception that means: the answer is an error, in the server's words and with its HTTP status."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that the real server would refuse too, or that this mock does not serve.

    `status` is the HTTP status. Clients give up at once on most 4xx, and try again on 429 and 5xx, so a refusal
    is never a 5xx.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
