"""Identifiers of our own making: UUIDv7, so that they sort by time (RFC 9562, 5.7)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]

_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62


def uuid7(now_ms: int, random: RandomBytes = os.urandom) -> str:
    """Return a UUIDv7 in its canonical text for a moment in milliseconds since the epoch."""
    noise = int.from_bytes(random(10), "big")
    high, low = (noise >> 62) & 0xFFF, noise & (_VARIANT >> 1) - 1
    number = (now_ms & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_7 | high << 64 | _VARIANT | low
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_id() -> str:
    """Return a UUIDv7 of this moment by the machine's clock: for requests and replicas."""
    return uuid7(time.time_ns() // 1_000_000)


def is_id(text: str) -> bool:
    """Say whether a text is a UUID in its canonical form, as all ids of ours are."""
    return _CANONICAL.fullmatch(text) is not None
