"""The bus kept in memory: for tests, with the same contract and with faults on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from shared.bus.message import Message, Publication
from shared.bus.port import Notice, StreamState, Subscription
from shared.bus.subjects import STREAMS, Stream, stream_of
from shared.errors import Unavailable


class InMemoryBus:
    """Streams as lists; `disconnect` and `reconnect` act out a restart of the server."""

    def __init__(self) -> None:
        self.connected = True
        self.refusals = 0
        """Uses that failed because it was disconnected."""
        self._kept: dict[str, list[Message]] = {stream.name: [] for stream in STREAMS}
        self._lasts = dict.fromkeys(self._kept, 0)
        self._created_us = dict.fromkeys(self._kept, _now_us())
        self._ids: set[str] = set()
        self._notices: list[tuple[str, Notice]] = []
        self._reconnect_callbacks: list[Callable[[], None]] = []
        self._changed = asyncio.Event()

    async def publish(self, publications: Sequence[Publication]) -> None:
        for publication in publications:
            self._require_connection()
            stream = stream_of(publication.subject)
            if stream is None:
                raise Unavailable("no stream takes the subject", reason="BUS_UNAVAILABLE")
            if publication.message_id not in self._ids:
                self._ids.add(publication.message_id)
                self._store(stream.name, publication)
        self._wake()

    async def follow(
        self, stream: Stream, name: str, after: int, subjects: Sequence[str] = ()
    ) -> Subscription:
        self._require_connection()
        return _InMemorySubscription(self, stream.name, after, tuple(subjects))

    async def state(self, stream: Stream) -> StreamState:
        self._require_connection()
        kept, last = self._kept[stream.name], self._lasts[stream.name]
        first = kept[0].sequence if kept else last + 1
        return StreamState(first, last, self._created_us[stream.name])

    async def notify(self, subject: str, data: bytes = b"") -> None:
        self._require_connection()
        self._tell(subject, data)

    async def on_notice(self, subject: str, notice: Notice) -> None:
        self._notices.append((subject, notice))

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._reconnect_callbacks.append(callback)

    def disconnect(self) -> None:
        """Let every use fail, as while the server is down."""
        self.connected = False
        self._wake()

    def reconnect(self) -> None:
        self.connected = True
        for callback in self._reconnect_callbacks:
            callback()

    def forget_ids(self) -> None:
        """Let the window for duplicates pass."""
        self._ids.clear()

    def expire(self, stream: Stream, before: int) -> None:
        """Drop messages below a sequence, as their age would."""
        kept = self._kept[stream.name]
        kept[:] = [message for message in kept if message.sequence >= before]

    def make_anew(self, stream: Stream) -> None:
        """Lose a stream and begin it again, as a server with an empty disk does."""
        self._kept[stream.name].clear()
        self._lasts[stream.name] = 0
        self._created_us[stream.name] += 1

    def after(self, stream: str, sequence: int) -> Sequence[Message]:
        """Return what is kept after a sequence; `Unavailable` while disconnected."""
        self._require_connection()
        kept = self._kept[stream]
        return kept[max(0, len(kept) - (self._lasts[stream] - sequence)) :]

    async def changed(self) -> None:
        """Return when something was published or the connection changed."""
        await self._changed.wait()

    def _store(self, stream: str, publication: Publication) -> None:
        self._lasts[stream] += 1
        self._kept[stream].append(
            Message(
                publication.subject,
                publication.schema_number,
                publication.data,
                publication.message_id,
                self._lasts[stream],
                _now_us(),
            )
        )
        self._tell(publication.subject, publication.data)

    def _tell(self, subject: str, data: bytes) -> None:
        for wanted, notice in self._notices:
            if wanted == subject:
                notice(data)

    def _require_connection(self) -> None:
        if not self.connected:
            self.refusals += 1
            raise Unavailable("the bus cannot be reached", reason="BUS_UNAVAILABLE")

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _InMemorySubscription:
    """Breaks like a real one: after a disconnect it has to be made anew."""

    def __init__(
        self, bus: InMemoryBus, stream: str, after: int, subjects: tuple[str, ...]
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._after = after
        self._subjects = subjects
        self._broken = False
        bus.on_reconnect(self._break)

    async def next_batch(self, limit: int, wait_s: float) -> Sequence[Message]:
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    found = self._take(limit)
                    if found:
                        return found
                    await self._bus.changed()
        except TimeoutError:
            return self._take(limit)

    async def close(self) -> None:
        self._broken = True

    def _take(self, limit: int) -> list[Message]:
        if self._broken:
            raise Unavailable("the bus connection was lost", reason="BUS_UNAVAILABLE")
        found = [m for m in self._bus.after(self._stream, self._after) if self._wants(m)][:limit]
        if found:
            self._after = found[-1].sequence
        return found

    def _wants(self, message: Message) -> bool:
        return not self._subjects or any(
            fnmatchcase(message.subject, subject) for subject in self._subjects
        )

    def _break(self) -> None:
        self._broken = True


def _now_us() -> int:
    return time.time_ns() // 1000
