"""Visitor ids that a browser cannot make up: random, and signed by the deployment."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Callable

PREFIX = "tpv_"
_PURPOSE = b"touchpoint visitor 1"
_ID_BYTES = _MAC_BYTES = 16
LONGEST = 64

RandomBytes = Callable[[int], bytes]


class ForgedVisitorError(ValueError):
    """It has the form of a signed visitor id and was not made here."""


class VisitorIds:
    """Makes and reads the visitor ids of a deployment: `tpv_ID.SIGNATURE`."""

    def __init__(self, deployment_key: bytes, random: RandomBytes = os.urandom) -> None:
        self._key = hmac.digest(deployment_key, _PURPOSE, "sha256")
        self._random = random

    def issue(self) -> str:
        """Return a visitor whom nobody else speaks for."""
        visitor_id = _text(self._random(_ID_BYTES))
        return f"{PREFIX}{visitor_id}.{self._signature(visitor_id)}"

    def is_signed(self, value: str) -> bool:
        """Say whether a visitor's value was made here."""
        try:
            return self.id_of(value) != value
        except ForgedVisitorError:
            return False

    def id_of(self, value: str) -> str:
        """Return the id within a signed value, by which the visitor is known, signed or not.

        A value of another form is an id of the caller's own and stays as it is. Raises
        ForgedVisitorError.
        """
        if not value.startswith(PREFIX):
            return value
        visitor_id, dot, signature = value.removeprefix(PREFIX).partition(".")
        if not dot:
            return value
        if len(value) > LONGEST or not _is_id(visitor_id):
            raise ForgedVisitorError("is no visitor id that was made here")
        if not hmac.compare_digest(signature.encode(), self._signature(visitor_id).encode()):
            raise ForgedVisitorError("is no visitor id that was made here")
        return PREFIX + visitor_id

    def _signature(self, visitor_id: str) -> str:
        return _text(hmac.digest(self._key, visitor_id.encode(), "sha256")[:_MAC_BYTES])


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _is_id(text: str) -> bool:
    try:
        return len(base64.b64decode(text + "==", altchars=b"-_", validate=True)) == _ID_BYTES
    except (binascii.Error, ValueError):
        return False
