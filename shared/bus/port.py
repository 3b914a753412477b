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
    """A pull on one stream that goes on after the server was restarted."""

    async def next_batch(self, limit: int, wait_s: float) -> Sequence[Message]:
        """Return at most `limit` messages in order, none when nothing came within `wait_s`.

        Raises `Unavailable` while the bus cannot be reached.
        """
        ...

    async def acknowledge(self, messages: Sequence[Message]) -> None:
        """Say that these took effect; those never acknowledged are delivered again."""
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

    async def consume(
        self, stream: Stream, durable: str, subjects: Sequence[str] = ()
    ) -> Subscription:
        """Open the durable consumer `durable`, whose place in the stream the server keeps.

        A new one starts at the stream's first message. `subjects` narrows the stream.
        """
        ...

    async def follow(
        self, stream: Stream, name: str, after: int, subjects: Sequence[str] = ()
    ) -> Subscription:
        """Open a consumer whose place the reader keeps: it gets all after sequence `after`."""
        ...

    async def state(self, stream: Stream) -> StreamState:
        """Return the first and last sequence of a stream; raises `Unavailable`."""
        ...

    async def notify(self, subject: str, data: bytes = b"") -> None:
        """Tell whoever listens right now; a notice may get lost."""
        ...

    async def on_notice(self, subject: str, notice: Notice) -> None:
        """Call `notice` for each notice on `subject` until the bus is closed."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the connection came back."""
        ...

    @property
    def connected(self) -> bool: ...

    async def close(self) -> None: ...
