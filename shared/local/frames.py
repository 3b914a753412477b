"""Messages on a socket, each after its length."""

from __future__ import annotations

import asyncio
import struct
from typing import cast

from shared.transport.options import MIB

MOST_BYTES = 17 * MIB
"""The largest answer that gRPC takes, and what is about it."""
_LENGTH = struct.Struct("<I")
_SIZE = _LENGTH.size


class Frames(asyncio.Protocol):
    """One end of a connection; `received` is called with each whole message."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """None when it has ended, or has not begun."""
        self._begun = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        del exc
        self.transport = None
        self._begun.clear()

    def received(self, message: bytes) -> None:
        """Take a message."""
        raise NotImplementedError

    def send(self, message: bytes) -> None:
        """Send a message, if there is anybody yet."""
        if self.transport is not None:
            self.transport.writelines((_LENGTH.pack(len(message)), message))

    def data_received(self, data: bytes) -> None:
        """Take what came; usually it is one message."""
        if not self._begun and len(data) >= _SIZE:
            (length,) = _LENGTH.unpack_from(data)
            if len(data) == _SIZE + length:
                self.received(data[_SIZE:])
                return
        self._begun += data
        self._take_whole_ones()

    def _take_whole_ones(self) -> None:
        at, begun = 0, self._begun
        while len(begun) - at >= _SIZE:
            (length,) = _LENGTH.unpack_from(begun, at)
            if length > MOST_BYTES:
                if self.transport is not None:
                    self.transport.abort()
                return
            end = at + _SIZE + length
            if len(begun) < end:
                break
            self.received(bytes(begun[at + _SIZE : end]))
            at = end
        del begun[:at]
