"""Keys of callers: made at random, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable

PREFIX = "tpk_"
"""What every key begins with, so that one that leaked can be searched for."""
_HASHED = "sha256:"
_ID_BYTES, _SECRET_BYTES = 6, 32

RandomHex = Callable[[int], str]


def new_key(random_hex: RandomHex = secrets.token_hex) -> tuple[str, str]:
    """Return a new key, for its caller alone, and its id, by which it is listed and revoked."""
    key_id = random_hex(_ID_BYTES)
    return f"{PREFIX}{key_id}_{random_hex(_SECRET_BYTES)}", key_id


def id_of(key: str) -> str:
    """Return the id that a key names; "" where it has not the form of one."""
    key_id, underscore, secret = key.removeprefix(PREFIX).partition("_")
    return key_id if key.startswith(PREFIX) and underscore and secret else ""


def hash_of(key: str) -> str:
    """Return what is kept of a key.

    One round is enough: a key has 256 bits of chance, so that nobody guesses one from its hash, as
    they would a password.
    """
    return _HASHED + hashlib.sha256(key.encode()).hexdigest()


def is_hash(text: str) -> bool:
    """Say whether a text has the form of a key's hash."""
    digits = text.removeprefix(_HASHED)
    return text.startswith(_HASHED) and len(digits) == 64 and set(digits) <= set("0123456789abcdef")


def matches(key: str, kept: str) -> bool:
    """Say whether a key is the one of a hash, in the same time whatever is wrong with it."""
    return hmac.compare_digest(hash_of(key), kept)
