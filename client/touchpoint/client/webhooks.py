"""For receivers of webhooks: whether a message is from this house, and new.

    told = verify(["whsec_…"], request.headers, request.body)

Signed as standardwebhooks.com says, so that its libraries verify these messages too.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

TOLERANCE_S = 300
"""How far the clock of the sender may be off, and how long a message may be on its way."""
_PREFIX = "whsec_"


class SignatureError(Exception):
    """A message is not what this house sent, or too old; answer 400 and forget it."""


def verify(
    keys: Iterable[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now_s: float | None = None,
) -> dict[str, Any]:
    """Return what a message tells, once one of the keys has signed it; raises SignatureError.

    A message may come again: its header `webhook-id` is the same then, so keep those you took.
    """
    found = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, sent, given = (
            found[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
        age_s = (time.time() if now_s is None else now_s) - int(sent)
    except (KeyError, ValueError, OverflowError):
        raise SignatureError("the headers of a webhook are missing or malformed") from None
    if abs(age_s) > TOLERANCE_S:
        raise SignatureError("the message is too old, or a clock is wrong")
    signed = b"".join((_bytes(message_id), b".", _bytes(sent), b".", body))
    if not any(_is_signed(key, signed, given) for key in keys):
        raise SignatureError("none of the keys has signed the message")
    told: dict[str, Any] = json.loads(body)
    return told


def _is_signed(key: str, signed: bytes, given: str) -> bool:
    wanted = hmac.digest(_bytes_of(key), signed, "sha256")
    signatures = (each.partition(",") for each in given.split(" "))
    return any(
        version == "v1" and hmac.compare_digest(_decoded(text), wanted)
        for version, _, text in signatures
    )


def _bytes(header: str) -> bytes:
    """Return a header, whatever it holds: what this house sends is ASCII."""
    return header.encode("ascii", "replace")


def _bytes_of(key: str) -> bytes:
    found = _decoded(key.removeprefix(_PREFIX))
    if not key.startswith(_PREFIX) or not found:
        raise ValueError(f"a key must be {_PREFIX} and base64")
    return found


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # no base64, or not even ASCII
        return b""
