"""Sends a request and takes the answer: every wait and every size is bounded, nothing followed."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httptools

from shared.webhooks.address import Address

CONNECT_S = 5.0
ANSWER_S = 15.0
"""From the first byte sent to the last one read."""
MAX_ANSWER_BYTES = 16 * 1024
"""Nothing of an answer counts but its status."""
IDLE_S = 20.0
"""A connection unused for longer is not used again: most servers close it after half a minute."""
_CHUNK = 8 * 1024
_FAILURES = (OSError, EOFError, httptools.HttpParserError, httptools.HttpParserUpgrade)


class PostError(Exception):
    """Nothing was answered that counts; the text says why and quotes nothing of the receiver."""

    def __init__(self, text: str, *, may_have_arrived: bool = True) -> None:
        """Take why, and whether the receiver may have the request all the same."""
        super().__init__(text)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered."""

    status: int
    retry_after_s: float = 0.0
    """How long it asks to be left alone; 0: it does not ask."""


@dataclass(slots=True)
class _Reading:
    """What httptools has read of an answer."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    is_over: bool = False
    keeps_alive: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_message_complete(self) -> None:
        self.is_over = self.status >= 200
        # Asked later, the parser has begun anew and says no.
        self.keeps_alive = self.parser.should_keep_alive()


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_used: bool = False
    idle_since: float = 0.0

    def close(self) -> None:
        self.writer.transport.abort()


class Poster:
    """Posts to one address at a time or several at once, over connections that it keeps.

    TLS is verified against the certificates of the system, the name of the host included. No
    redirect is followed, no proxy of the environment is used, no cookie is kept.
    """

    def __init__(
        self,
        *,
        trust: ssl.SSLContext | None = None,
        connect_s: float = CONNECT_S,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._trust = trust
        self._connect_s = connect_s
        self._answer_s = answer_s
        self._idle: dict[Address, list[_Connection]] = {}

    async def post(
        self, address: Address, headers: Mapping[str, str], body: bytes, *, once: bool = False
    ) -> Answer:
        """Send a body and return the answer's status; raises PostError if there is none.

        What must not arrive twice goes `once`, over a connection of its own: of one that was kept
        and breaks nobody knows whether the body was read, and it would be sent again.
        """
        lines = [
            f"POST {address.target} HTTP/1.1",
            f"host: {address.authority}",
            f"content-length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        request = "\r\n".join((*lines, "", "")).encode("ascii") + body
        while True:
            kept = None if once else self._kept(address)
            connection = kept or await self._connected(address)
            try:
                async with asyncio.timeout(self._answer_s):
                    return await self._exchange(address, connection, request, keep=not once)
            except TimeoutError:
                raise PostError(f"did not answer within {self._answer_s:g} s") from None
            except _FAILURES as error:
                # A connection kept too long is closed by the other side without a word.
                if not connection.is_used:
                    raise PostError(_reason(error)) from None

    async def close(self) -> None:
        """Give up every connection."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _kept(self, address: Address) -> _Connection | None:
        kept = self._idle.get(address, [])
        while kept:
            connection = kept.pop()
            if time.monotonic() - connection.idle_since < IDLE_S:
                return connection
            connection.close()
        return None

    async def _connected(self, address: Address) -> _Connection:
        trust = self._trust_of(address)
        try:
            async with asyncio.timeout(self._connect_s):
                streams = await asyncio.open_connection(
                    address.host, address.port, ssl=trust, limit=_CHUNK
                )
        except TimeoutError:
            text = f"could not be reached within {self._connect_s:g} s"
            raise PostError(text, may_have_arrived=False) from None
        except ssl.SSLCertVerificationError:
            text = "shows a certificate that cannot be verified"
            raise PostError(text, may_have_arrived=False) from None
        except OSError as error:
            raise PostError(_reason(error), may_have_arrived=False) from None
        return _Connection(*streams)

    def _trust_of(self, address: Address) -> ssl.SSLContext | None:
        if address.scheme != "https":
            return None
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust

    async def _exchange(
        self, address: Address, connection: _Connection, request: bytes, *, keep: bool
    ) -> Answer:
        finished = False
        try:
            connection.writer.write(request)
            await connection.writer.drain()
            reading, finished = await _read(connection.reader)
        finally:
            if not finished:
                connection.close()
        if keep and finished and reading.keeps_alive:
            connection.is_used = True
            connection.idle_since = time.monotonic()
            self._idle.setdefault(address, []).append(connection)
        else:
            connection.close()
        return Answer(reading.status, _seconds(reading.headers.get(b"retry-after", b"")))


async def _read(reader: asyncio.StreamReader) -> tuple[_Reading, bool]:
    """Read until the answer is over or its status is known and the rest is too long."""
    reading, size = _Reading(), 0
    while not reading.is_over:
        data = await reader.read(_CHUNK)
        if not data:
            if reading.status < 200:
                raise EOFError
            return reading, False
        reading.parser.feed_data(data)
        size += len(data)
        if size > MAX_ANSWER_BYTES:
            if reading.status < 200:
                raise httptools.HttpParserError
            return reading, False
    return reading, True


def _seconds(text: bytes) -> float:
    """Return the header `retry-after` where it is a number; a date is left aside."""
    return float(text) if text.isdigit() and len(text) < 7 else 0.0


def _reason(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "closed the connection without an answer"
    if isinstance(error, ConnectionRefusedError):
        return "refused the connection"
    if isinstance(error, OSError):
        return f"could not be reached ({type(error).__name__})"
    return "answered something that is not HTTP"
