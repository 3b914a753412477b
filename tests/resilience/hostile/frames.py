"""HTTP/2 frames by hand (RFC 9113): what no library would send."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

DATA, HEADERS, RST_STREAM, SETTINGS, PING = 0x0, 0x1, 0x3, 0x4, 0x6
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_CANCEL = 8
_INITIAL_WINDOW = 4


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return len(payload).to_bytes(3, "big") + struct.pack(">BBI", kind, flags, stream) + payload


def call(stream: int, path: str, *more: tuple[str, str]) -> bytes:
    """Return the HEADERS of a gRPC call, each literal and without an index (RFC 7541, 6.2.2)."""
    usual = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "edge"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    )
    block = b"".join(b"\x00" + _text(name) + _text(value) for name, value in (*usual, *more))
    return frame(HEADERS, END_HEADERS, stream, block)


def _text(text: str) -> bytes:
    data, left = text.encode(), len(text.encode())
    if left < 0x7F:
        return bytes([left]) + data
    out, left = bytearray([0x7F]), left - 0x7F
    while left >= 0x80:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes(out) + bytes([left]) + data


def message(data: bytes, *, compressed: bool = False, length: int | None = None) -> bytes:
    """Return a message as gRPC writes it; a length beyond it makes it a half one."""
    return struct.pack(">BI", compressed, len(data) if length is None else length) + data


def data(stream: int, payload: bytes, *, ends: bool = False) -> bytes:
    """Return DATA frames of at most 16 KiB, as many as it takes."""
    parts = [payload[at : at + 16_384] for at in range(0, len(payload), 16_384)] or [b""]
    last = len(parts) - 1
    flags = (END_STREAM if ends and at == last else 0 for at in range(len(parts)))
    return b"".join(frame(DATA, flag, stream, part) for flag, part in zip(flags, parts))


def reset(stream: int) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", _CANCEL))


@asynccontextmanager
async def connection(
    address: str, *, window: int | None = None
) -> AsyncIterator[asyncio.StreamWriter]:
    """Speak HTTP/2 to an address; all that comes back is read and thrown away."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    told = b"" if window is None else struct.pack(">HI", _INITIAL_WINDOW, window)
    writer.write(PREFACE + frame(SETTINGS, 0, 0, told) + frame(SETTINGS, ACK, 0))
    reading = asyncio.create_task(_thrown_away(reader))
    try:
        yield writer
    finally:
        reading.cancel()
        writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await reading


async def _thrown_away(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(65_536):
            continue


async def written(writer: asyncio.StreamWriter, frames: Sequence[bytes]) -> None:
    """Write frames; raises OSError when the peer has hung up."""
    if writer.is_closing():
        raise ConnectionResetError("hung up")
    writer.write(b"".join(frames))
    await writer.drain()
