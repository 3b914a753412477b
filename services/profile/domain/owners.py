"""To whom the id of an event belongs, in words that another home understands.

Within a home that is the pseudonym of an identity; elsewhere the same identity has another one.
"""

from __future__ import annotations

from collections.abc import Callable

_FORGOTTEN = "key"
"""In place of a kind: an identity of which only the pseudonym is left."""


def owner_text(key: bytes, kind: str = "", value: str = "") -> str:
    """Return `kind:value`; without a value the pseudonym, which at least this home knows again."""
    return f"{kind}:{value}" if value else f"{_FORGOTTEN}:{key.hex()}"


def read_owner(text: str, key_of: Callable[[str, str], bytes]) -> bytes:
    """Return the pseudonym here, which `key_of` makes of kind and value; raises ValueError.

    Empty: the id is its caller's alone.
    """
    if not text:
        return b""
    kind, _, value = text.partition(":")
    return bytes.fromhex(value) if kind == _FORGOTTEN else key_of(kind, value)
