"""uvicorn's HTTP protocol with limits of its own: nobody holds a connection without using it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.logging import get_logger
from shared.transport.connections import most_connections, most_of_one_peer

log = get_logger(__name__)

HEAD_S = 10.0
"""From the connection, or the first byte of a further request, to the end of its headers."""
BODY_S = 20.0
"""From there to the end of its body."""
STALLED_S = 10.0
"""For which a peer may read nothing of what is held ready for it."""
HEAD_BYTES = 32 * 1024


class WebProtocol(HttpToolsProtocol):
    """One connection. What is no HTTP, too slow or too large is answered 400, 408, 431 and closed.

    A request to change the protocol (`Upgrade: h2c`, as clients of Java and curl ask at first) is
    answered in HTTP/1.1, body and all, as RFC 9110 §7.8 allows.
    """

    head_s = HEAD_S
    body_s = BODY_S
    stalled_s = STALLED_S
    most_of_peer: ClassVar[int] = 0
    """Connections that one address may have; 0: half of all."""
    _of_peers: ClassVar[Counter[str]] = Counter()
    """Connections by the address of the peer, of all ports of this process."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._reading: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head_bytes = 0
        self._peer = ""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._peer = str((transport.get_extra_info("peername") or ("",))[0])
        self._of_peers[self._peer] += 1
        held, of_peer = len(self.connections), self._of_peers[self._peer]
        most_of_peer = self.most_of_peer or most_of_one_peer()
        if held > most_connections() or of_peer > most_of_peer:
            log.warning("http_connections_exhausted", held=held, of_peer=of_peer)
            transport.abort()
            return
        self._expect(self.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._of_peers[self._peer] -= 1
        if not self._of_peers[self._peer]:
            del self._of_peers[self._peer]
        self._expect_nothing()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._in_head:
            self._head_bytes += len(data)
            if self._reading is None:
                self._expect(self.head_s)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_in_http(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            if self._in_head and self._head_bytes > HEAD_BYTES:
                self._refuse(431)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._in_head, self._head_bytes = False, 0
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_BYTES:
            self._refuse(431)
            return
        self._expect(self.body_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() or self.transport.is_closing():
            return
        self._in_head = True
        self._expect_nothing()
        super().on_message_complete()

    def shutdown(self) -> None:
        """End streams at once: they have no end of their own to wait for."""
        super().shutdown()
        cycle = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.stalled_s, self._cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _go_on_in_http(self, rest: bytes) -> None:
        """Read the request again without its wish for another protocol; a tunnel is no request."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(405)
            return
        kept = [
            name + b": " + value + b"\r\n"
            for name, value in self.headers
            if name not in (b"upgrade", b"connection", b"http2-settings")
        ]
        head = self.parser.get_method() + b" " + self.url + b" HTTP/1.1\r\n"
        self.parser = httptools.HttpRequestParser(self)
        self._in_head, self._head_bytes = True, 0
        self.data_received(head + b"".join(kept) + b"\r\n" + rest)

    def _expect(self, seconds: float) -> None:
        self._expect_nothing()
        self._reading = self.loop.call_later(seconds, self._refuse, 408)

    def _expect_nothing(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _refuse(self, status: int) -> None:
        """Answer that a request cannot be read, and close; who said nothing is told nothing."""
        if self.transport.is_closing():
            return
        self._expect_nothing()
        is_silent = status == 408 and self._in_head and not self._head_bytes
        is_answering = self.cycle is not None and self.cycle.response_started
        if not is_silent and (not is_answering or self.cycle.response_complete):
            log.info("http_unreadable", status=status)
            head = STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(head)
        self.transport.close()

    def _cut(self) -> None:
        log.info("http_peer_stalled", waiting=self.transport.get_write_buffer_size())
        self.transport.abort()
