"""Tells watchers of a person at once, on this replica and on the others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.profile.domain.applying import Touched
from shared.bus import Bus
from shared.errors import Unavailable
from shared.logging import get_logger
from touchpoint.profile.v1.state_pb2 import TouchedSet, TouchedSets

SUBJECT = "profile.touched"
"""A notice, not stored in any stream."""
_MOST_WAITING = 100
log = get_logger(__name__)

Watch = asyncio.Queue[TouchedSet]


class Watchers:
    """Who watches which persons on this replica."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._watches: dict[str, set[Watch]] = {}

    async def listen(self) -> None:
        """Hear from the other replicas, and from this one."""
        await self._bus.on_notice(SUBJECT, self._hear)

    async def tell(self, touched: Sequence[Touched]) -> None:
        """Tell everybody what happened; a watcher that misses it looks again by itself."""
        if not touched:
            return
        sets = TouchedSets(
            sets=[
                TouchedSet(person_ids=each.person_ids, seq=each.seq, cause=each.cause)
                for each in touched
            ]
        )
        self._wake(sets)
        try:
            await self._bus.notify(SUBJECT, sets.SerializeToString())
        except Unavailable:
            log.info("touched_not_told")

    @contextmanager
    def watching(self, person_ids: Sequence[str]) -> Iterator[Watch]:
        """Lend a queue of what happens to any of the persons."""
        watch: Watch = asyncio.Queue(_MOST_WAITING)
        for person_id in person_ids:
            self._watches.setdefault(person_id, set()).add(watch)
        try:
            yield watch
        finally:
            for person_id in person_ids:
                watches = self._watches[person_id]
                watches.discard(watch)
                if not watches:
                    del self._watches[person_id]

    def _hear(self, data: bytes) -> None:
        if self._watches:
            self._wake(TouchedSets.FromString(data))

    def _wake(self, sets: TouchedSets) -> None:
        if not self._watches:
            return
        for touched in sets.sets:
            woken: set[Watch] = set()
            for person_id in touched.person_ids:
                woken |= self._watches.get(person_id, set())
            for watch in woken:
                if watch.full():
                    watch.get_nowait()
                watch.put_nowait(touched)
