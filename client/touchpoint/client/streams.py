"""Connections for streams, so that those who watch leave calls their way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

STREAMS_OF_A_CONNECTION = 90
"""The edge takes a hundred calls on one connection; more would wait unsent, and nobody be told."""
ON_ITS_OWN = ("grpc.use_local_subchannel_pool", 1)
"""Makes a channel connect by itself: gRPC shares a connection among channels of the same kind."""

Channel = TypeVar("Channel")


@dataclass(slots=True)
class _Connection(Generic[Channel]):
    channel: Channel
    streams: int = 0


class StreamConnections(Generic[Channel]):
    """Lends a channel to each stream and dials another where those there are carry enough.

    Safe to share between threads.
    """

    def __init__(self, dial: Callable[[], Channel]) -> None:
        self._dial = dial
        self._lock = threading.Lock()
        self._dialled: list[_Connection[Channel]] = []

    @property
    def channels(self) -> list[Channel]:
        """Return all that were dialled, for whoever closes them."""
        return [each.channel for each in self._dialled]

    @contextmanager
    def lent(self) -> Iterator[Channel]:
        """Lend a channel for as long as a stream is read."""
        with self._lock:
            free = (each for each in self._dialled if each.streams < STREAMS_OF_A_CONNECTION)
            found = next(free, None)
            if found is None:
                found = _Connection(self._dial())
                self._dialled.append(found)
            found.streams += 1
        try:
            yield found.channel
        finally:
            with self._lock:
                found.streams -= 1
