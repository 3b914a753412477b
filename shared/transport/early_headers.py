"""Headers of a stream that has nothing to say yet: a caller would else take it for dead."""

from __future__ import annotations

import asyncio

from shared.transport.asgi import Event, Scope, Send, header, with_headers

_SETTLED_S = 1.0
"""How long the stream's own first word is waited for."""
_ACCEPTED = (b"connect-accept-encoding", b"grpc-accept-encoding")


def uncompressed(scope: Scope) -> Scope:
    """Return the request of a stream whose answer is not compressed: its headers are then known."""
    return with_headers(scope, (), _ACCEPTED)


class EarlyHeaders:
    """A `send` that begins the answer after a while, whatever the stream does."""

    def __init__(self, scope: Scope, send: Send, after_s: float = _SETTLED_S) -> None:
        self._spoken = header(scope, "content-type")
        self._send = send
        self._begun = False
        self._beginning: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(after_s, self._begin)

    async def __call__(self, event: Event) -> None:
        """Send an event; the answer is begun only once."""
        if event["type"] == "http.response.start":
            self._timer.cancel()
            if self._begun:
                return
            self._begun = True
        await self._send(event)

    def stop(self) -> None:
        """Begin nothing any more."""
        self._timer.cancel()

    def _begin(self) -> None:
        self._begun = True
        is_connect = self._spoken.startswith("application/connect")
        encoding = b"connect-content-encoding" if is_connect else b"grpc-encoding"
        spoken = self._spoken if "+" in self._spoken else self._spoken + "+proto"
        headers = [(b"content-type", spoken.encode()), (encoding, b"identity")]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        # uvicorn writes before it waits, so that what follows comes behind this.
        self._beginning = asyncio.ensure_future(self._send(start))
