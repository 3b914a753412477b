"""Times of the domain as messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp


def timestamp(time_us: int) -> Timestamp:
    found = Timestamp()
    found.FromMicroseconds(time_us)
    return found
