"""Signatures by which a receiver knows who sent a webhook, and when (standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
Secrets = Mapping[str, tuple[bytes, ...]]
"""The keys of each webhook, at most two: the one in use, and the one it takes the place of."""

_BYTES = range(24, 65)
_MOST = 2
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


def signature(keys: Sequence[bytes], message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the header `webhook-signature`: one signature for each key, any of them suffices."""
    signed = b"%b.%d.%b" % (message_id.encode(), timestamp_s, body)
    found = (hmac.digest(key, signed, "sha256") for key in keys)
    return " ".join("v1," + base64.b64encode(each).decode() for each in found)


def read_secrets(text: str) -> Secrets:
    """Read `crm=whsec_…|whsec_…,warehouse=whsec_…`; raises ValueError that quotes no key."""
    found: dict[str, tuple[bytes, ...]] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, equals, keys = entry.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise ValueError("must be NAME=whsec_… for each webhook, comma separated")
        if name in found:
            raise ValueError(f"names {name} twice; write two keys as {name}=whsec_…|whsec_…")
        found[name] = tuple(_key(name, key) for key in keys.split("|"))
        if len(found[name]) > _MOST:
            raise ValueError(f"has more than {_MOST} keys of {name}: the new one and the old one")
    return found


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip().removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.strip().startswith(PREFIX) or len(key) not in _BYTES:
        wanted = f"{PREFIX} and {_BYTES[0]} to {_BYTES[-1]} bytes in base64"
        raise ValueError(f"has a wrong key of {name}: it must be {wanted}")
    return key
