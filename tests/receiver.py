"""A receiver of webhooks, written from the specification (standardwebhooks.com) alone."""

import asyncio
import base64
import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes, no more").decode()


@dataclass(frozen=True)
class Received:
    """A message whose headers a receiver may look at."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def told(self):
        return json.loads(self.body)

    def is_signed_by(self, secret):
        """Verify as the specification says: any of the signatures of version 1 suffices."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = ".".join((self.id, self.headers["webhook-timestamp"], self.body.decode()))
        wanted = base64.b64encode(hmac.new(key, content.encode(), hashlib.sha256).digest())
        given = [each.split(",", 1) for each in self.headers["webhook-signature"].split(" ")]
        return any(
            version == "v1" and hmac.compare_digest(found.encode(), wanted)
            for version, found in given
        )


class Receiver:
    """Takes messages; `answer` says what becomes of each: a status, raw bytes, or None to die."""

    def __init__(self, answer=lambda received: 200):
        self.answer = answer
        self.received = []
        self.connections = 0
        self.arrived = asyncio.Condition()

    @asynccontextmanager
    async def listening(self, port=0, trust=None):
        self.writers = set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=trust)
        self.port = server.sockets[0].getsockname()[1]
        scheme = "https" if trust else "http"
        try:
            yield f"{scheme}://127.0.0.1:{self.port}/hook?key=1"
        finally:
            server.close()
            for writer in self.writers:
                writer.transport.abort()
            await server.wait_closed()

    async def until(self, condition):
        """Wait until a condition on what was received holds."""
        async with self.arrived, asyncio.timeout(60):
            await self.arrived.wait_for(lambda: condition(self.received))

    async def _serve(self, reader, writer):
        self.connections += 1
        self.writers.add(writer)
        try:
            while await self._take(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()

    async def _take(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers["content-length"]))
        received = Received({**headers, ":line": head[0]}, body)
        async with self.arrived:
            self.received.append(received)
            answer = self.answer(received)
            self.arrived.notify_all()
        if answer is None:
            return False
        if isinstance(answer, int):
            answer = b"HTTP/1.1 %d Said\r\ncontent-length: 0\r\n\r\n" % answer
        writer.write(answer)
        await writer.drain()
        return True
