"""Values encrypted under a key per person, and that key wrapped: deleting it erases the values."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1
_HEADER = struct.Struct(">BI")


class UndecipherableError(Exception):
    """The key is gone or another one, or the bytes were changed: the value cannot be had."""


@dataclass(frozen=True, slots=True)
class WrappingKey:
    """A key that never lies in PostgreSQL; a renewal replaces it and is then the only one."""

    renewal: int
    """Its number, rising with each renewal."""
    key: bytes = field(repr=False)


def new_person_key() -> bytes:
    return os.urandom(KEY_BYTES)


def wrap(person_key: bytes, person_id: str, wrapping: WrappingKey) -> bytes:
    """Return the person's key as it may lie in PostgreSQL, bound to the person."""
    header = _HEADER.pack(_FORMAT, wrapping.renewal)
    return header + _seal(wrapping.key, person_key, header + person_id.encode())


def renewal_of(wrapped: bytes) -> int:
    """Return which renewal's key opens a wrapped key; `UndecipherableError` if it is none."""
    if len(wrapped) < _HEADER.size or wrapped[0] != _FORMAT:
        raise UndecipherableError("not a wrapped key")
    renewal: int = _HEADER.unpack_from(wrapped)[1]
    return renewal


def unwrap(wrapped: bytes, person_id: str, wrapping: WrappingKey) -> bytes:
    """Return the person's key; `UndecipherableError` with another renewal or person."""
    if renewal_of(wrapped) != wrapping.renewal:
        raise UndecipherableError("wrapped under another renewal")
    header = wrapped[: _HEADER.size]
    return _open(wrapping.key, wrapped[_HEADER.size :], header + person_id.encode())


def encrypt(person_key: bytes, text: str, purpose: str) -> bytes:
    """Return a value as it may lie in PostgreSQL; `purpose` says which field it is."""
    return _seal(person_key, text.encode(), purpose.encode())


def decrypt(person_key: bytes, sealed: bytes, purpose: str) -> str:
    """Return the value; `UndecipherableError` with another key or for another purpose."""
    return _open(person_key, sealed, purpose.encode()).decode()


def _seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def _open(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise UndecipherableError("cannot be decrypted") from error
