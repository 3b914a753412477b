"""Links by which a person ends what they are sent: whoever has one may do that, and nothing else.

A token says who, on which channel and for what, sealed under a key of the deployment (AES-SIV, RFC
5297): nobody else can make one, change one, or read whom it is about.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

VALID_US = 400 * 86_400_000_000
"""How long a link works: letters are kept, and read late."""
LONGEST_TOKEN = 512
_SECRET = b"touchpoint unsubscribing 1"
_HEAD = struct.Struct(">BBQ16s")
_VERSION = 1
_DAY_US = 86_400_000_000


class TokenError(ValueError):
    """A token cannot be used; the sentence says why, to whoever came with it."""


class ForgedTokenError(TokenError):
    """It was not made here, or not left as it was."""


class ExpiredTokenError(TokenError):
    """It was made here, long ago."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends."""

    person_id: str
    channel: int
    """Number of `Channel`."""
    purpose: str


class Unsubscribing:
    """Makes and reads the tokens of a deployment."""

    def __init__(self, deployment_key: bytes) -> None:
        self._cipher = AESSIV(hmac.digest(deployment_key, _SECRET, hashlib.sha512))

    def token(self, subscription: Subscription, now_us: int) -> str:
        """Return the token that ends a subscription; the same on the same day."""
        expires_us = (now_us // _DAY_US + 1) * _DAY_US + VALID_US
        person = UUID(subscription.person_id).bytes
        head = _HEAD.pack(_VERSION, subscription.channel, expires_us, person)
        sealed = self._cipher.encrypt(head + subscription.purpose.encode(), None)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def read(self, token: str, now_us: int) -> Subscription:
        """Return what a token ends; raises ForgedTokenError and ExpiredTokenError."""
        try:
            sealed = base64.b64decode(
                token + "=" * (-len(token) % 4), altchars=b"-_", validate=True
            )
            told = self._cipher.decrypt(sealed, None)
            version, channel, expires_us, person = _HEAD.unpack_from(told)
        except (InvalidTag, binascii.Error, ValueError, struct.error):
            raise ForgedTokenError("this link was not made here, or is not whole") from None
        if version != _VERSION:
            raise ForgedTokenError("this link is of another edition")
        if now_us >= expires_us:
            raise ExpiredTokenError("this link is too old: unsubscribe with a newer message")
        return Subscription(str(UUID(bytes=person)), channel, told[_HEAD.size :].decode())
