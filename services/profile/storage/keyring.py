"""The keys of persons, opened once and kept for a while."""

from __future__ import annotations

from collections.abc import Iterable

from shared.privacy import (
    UndecipherableError,
    WrappingKey,
    WrappingKeys,
    decrypt,
    encrypt,
    new_person_key,
    renewal_of,
    unwrap,
    wrap,
)

MAX_OPEN = 50_000
"""More than one transaction needs at once: a slice of an import makes at most 40,000 persons."""


class Keyring:
    """Encrypts and decrypts the personal values of persons."""

    def __init__(self, keys: WrappingKeys, *, max_open: int = MAX_OPEN) -> None:
        """Keep so many keys open; those not asked for the longest are closed first."""
        self._keys = keys
        self._max_open = max_open
        self._current = keys.current()
        self._open: dict[str, bytes] = {}
        self._unasked: dict[str, bytes] = {}
        """Those open that nobody asked for since `close_unasked`."""

    @property
    def current(self) -> WrappingKey:
        """The key that new persons' keys are wrapped under."""
        return self._current

    def refresh(self) -> None:
        """See whether another replica has renewed the wrapping key."""
        self._current = self._keys.current()

    def make(self, person_id: str) -> bytes:
        """Make a key for a new person and return it wrapped."""
        key = new_person_key()
        self._keep(person_id, key)
        return wrap(key, person_id, self._current)

    def is_open(self, person_id: str) -> bool:
        """Say whether a person's key is open; if so, it stays so for the calls that follow."""
        key = self._open.pop(person_id, None) or self._unasked.pop(person_id, None)
        if key is None:
            return False
        self._keep(person_id, key)
        return True

    def open(self, person_id: str, wrapped: bytes) -> None:
        """Unwrap a person's key for the calls that follow."""
        if not self.is_open(person_id):
            key = unwrap(wrapped, person_id, self._keys.of(renewal_of(wrapped)))
            self._keep(person_id, key)

    def encrypt(self, person_id: str, text: str, purpose: str) -> bytes:
        """Encrypt for a person whose key was made or opened; KeyError if it was not."""
        return encrypt(self._key(person_id), text, purpose)

    def decrypt(self, person_id: str, sealed: bytes, purpose: str) -> str:
        """Decrypt a value; empty when its key is gone, because then the value is."""
        try:
            return decrypt(self._key(person_id), sealed, purpose)
        except UndecipherableError:
            return ""

    def forget(self, person_ids: Iterable[str]) -> None:
        """Drop the keys of erased persons."""
        for person_id in person_ids:
            self._open.pop(person_id, None)
            self._unasked.pop(person_id, None)

    def close_unasked(self) -> None:
        """Close the keys that nobody asked for since the last time.

        So the key of somebody whom another replica erased does not outlive them here for long.
        """
        self._unasked, self._open = self._open, {}

    def _key(self, person_id: str) -> bytes:
        key = self._open.get(person_id)
        return self._unasked[person_id] if key is None else key

    def _keep(self, person_id: str, key: bytes) -> None:
        if len(self._open) >= self._max_open:
            del self._open[next(iter(self._open))]
        self._open[person_id] = key
