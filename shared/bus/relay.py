"""The relay: sends what stands in a schema's outbox, loses nothing, and sends little twice."""

from __future__ import annotations

import asyncio
import contextlib
import time

from shared.bus.message import Publication
from shared.bus.port import Bus
from shared.bus.subjects import OUTBOX_WRITTEN
from shared.errors import Aborted, Overloaded, TouchpointError, Unavailable
from shared.logging import get_logger
from shared.postgres.database import Database
from shared.postgres.queries import Queries

_QUERIES = Queries.beside(__file__, "outbox.sql")
_PASSING = (Unavailable, Aborted, Overloaded)
_BATCH = 1000
_POLL_S = 1.0
"""After which a commit is found that nobody told of."""
PACE_S = 0.04
"""At least from one batch to the next: what is committed meanwhile shares its three round trips."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_LAG_ALARM_S = 5.0
log = get_logger(__name__)


class Relay:
    """Reads the outbox in id order, publishes, waits for the acknowledgements, then deletes.

    No transaction is open while the bus is waited for: one that were would keep the whole server
    from vacuuming. Whatever dies between publishing and deleting is published again under the same
    message id, which the stream or the consumer's inbox absorbs.

    A commit after a quiet moment is relayed at once, and those of other replicas when they tell
    of them; under load batches begin `pace_s` apart.
    """

    def __init__(self, bus: Bus, database: Database, pace_s: float = PACE_S) -> None:
        self._bus = bus
        self._database = database
        self._pace_s = pace_s
        self._is_leading = False
        self._emptied_at = float("-inf")
        """When this replica, leading, last found less in the outbox than one batch."""
        self._more = asyncio.Event()
        self._told_on = OUTBOX_WRITTEN + database.leadership.application
        self._listens = False

    async def run(self) -> None:
        """Relay for ever while this replica leads, else tell who does; a background task."""
        if not self._listens:
            await self._bus.on_notice(self._told_on, lambda _: self._more.set())
            self._listens = True
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_for_ever())
            group.create_task(self._database.leadership.lead("relay", self._relay_for_ever))

    async def relay_once(self) -> int:
        """Send one batch and return its size; raises `Unavailable` when it was not acknowledged.

        Then nothing is deleted. Raises what the database raises as well.
        """
        rows = await self._database.fetch(_QUERIES.read_outbox, _BATCH)
        if rows:
            await self._bus.publish(
                [
                    Publication(
                        row["subject"], row["schema_number"], row["data"], row["message_id"]
                    )
                    for row in rows
                ]
            )
            await self._database.execute(_QUERIES.delete_from_outbox, [row["id"] for row in rows])
        return len(rows)

    async def check_lag(self) -> None:
        """Raise `Unavailable` while the oldest message waits too long: for health to watch.

        Whoever has just emptied the outbox knows, and does not look once more.
        """
        if self._is_leading and time.monotonic() - self._emptied_at < _LAG_ALARM_S:
            return
        age_s = await self._database.fetchval(_QUERIES.outbox_age_s)
        if age_s > _LAG_ALARM_S:
            raise Unavailable(f"the outbox lags {age_s:.0f} s behind", reason="OUTBOX_LAGS")

    async def _tell_for_ever(self) -> None:
        """Tell whoever relays of each commit of this process."""
        while True:
            await self._database.outbox_written.wait()
            self._database.outbox_written.clear()
            if self._is_leading:
                self._more.set()
                continue
            with contextlib.suppress(TouchpointError):  # it looks by itself in a while
                await self._bus.notify(self._told_on)
            await asyncio.sleep(self._pace_s)

    async def _relay_for_ever(self) -> None:
        self._is_leading = True
        try:
            await self._relay_batches()
        finally:
            self._is_leading = False

    async def _relay_batches(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            next_at = time.monotonic() + self._pace_s
            self._more.clear()
            try:
                sent = await self.relay_once()
            except _PASSING as error:
                log.warning("relay_paused", reason=error.reason, pause_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
                continue
            pause_s = _FIRST_PAUSE_S
            if sent < _BATCH:
                self._emptied_at = time.monotonic()
                await self._wait_for_more()
                await asyncio.sleep(next_at - time.monotonic())

    async def _wait_for_more(self) -> None:
        """Return after a commit that was told of, or after a while for any other."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POLL_S):
                await self._more.wait()
