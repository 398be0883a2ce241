"""API keys: which ones are taken."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

KEY_LENGTH = 40
"""The length of a classic key; newer ones are longer. Clients refuse shorter ones before they ask us."""
SAMPLE_KEY = "0123456789abcdef" * 2 + "01234567"
"""A key that is taken unless the server was given its own."""


def key_of(authorization: str) -> str:
    """The key in an Authorization header: basic (user `api`), or bearer. "" if there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def is_good(key: str, good: Collection[str] | None) -> bool:
    """One of `good`, or, where none are named, any key of the right length."""
    if good is not None:
        return key in good
    return len(key.removeprefix("local-")) >= KEY_LENGTH
