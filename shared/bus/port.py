"""The port of the event plane: what the kit needs of a bus, kept by NATS JetStream or in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.bus.message import Message, Publication
from shared.bus.subjects import Stream

Notice = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class StreamState:
    """How far a stream reaches; an empty one has `first == last + 1`."""

    first: int
    last: int
    created_us: int
    """When the stream was made, microseconds since 1970: another value means another stream."""


class Subscription(Protocol):
    """A reader's place in one stream."""

    async def next_batch(self, limit: int, wait_s: float) -> Sequence[Message]:
        """Return at most `limit` messages in order, none when nothing came within `wait_s`.

        Raises `Unavailable` when messages may have been missed, a restart of the server included:
        then close it and follow anew after the last message that was taken.
        """
        ...

    async def close(self) -> None: ...


class Bus(Protocol):
    """Ordered, durable streams with acknowledged publishing, and notices that may get lost."""

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Store all in the order given and return when each was acknowledged.

        Repeating is harmless: a stream stores a `message_id` once within its window of two
        minutes, consumers absorb later ones. Raises `Unavailable` when not all were acknowledged.
        """
        ...

    async def follow(
        self, stream: Stream, name: str, after: int, subjects: Sequence[str] = ()
    ) -> Subscription:
        """Read a stream after sequence `after`, narrowed to `subjects` if any are given.

        The reader keeps its place itself, beside what it made of the messages, so a restart of
        either side neither loses nor repeats any; `name` is for whoever watches the server.
        """
        ...

    async def state(self, stream: Stream) -> StreamState:
        """Return how far a stream reaches; raises `Unavailable`."""
        ...

    async def notify(self, subject: str, data: bytes = b"") -> None:
        """Tell whoever listens right now; a notice may get lost."""
        ...

    async def on_notice(self, subject: str, notice: Notice) -> None:
        """Call `notice` for each notice or message on `subject` until the bus is closed."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the connection came back."""
        ...

    @property
    def connected(self) -> bool: ...
