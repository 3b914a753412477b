"""Times and counts as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Say how long in its two largest units: `2 d 3 h`, `41 s`."""
    left = round(seconds)
    parts: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or (parts and len(parts) < 2):
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def ago(then: Timestamp, now: datetime) -> str:
    """Say how long ago an instant was, or how far ahead it is."""
    seconds = (now - then.ToDatetime(tzinfo=now.tzinfo)) / timedelta(seconds=1)
    if abs(seconds) < 1:
        return "now"
    return f"{duration(seconds)} ago" if seconds > 0 else f"in {duration(-seconds)}"


def several(count: int, one: str, many: str = "") -> str:
    """Say a count with its noun in the right number."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
