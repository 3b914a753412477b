"""The event log and the identities from a position, without losing what becomes visible late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.profile.storage import AUDIENCES, QUERIES, TRANSFER
from shared.postgres import Database

_EVENTS_AT_ONCE = 5_000
_IDENTITIES_AT_ONCE = 1_000
"""Of one slice: each is a message of its own, and so many are written in about 5 ms."""
_WINDOW = 20_000
"""Positions looked at in one statement, so that a rare type does not make it a long one."""
_LOOK_AGAIN_S = 0.01


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events; empty lists mean all."""

    types: Sequence[str] = ()
    since_us: int = 0
    origins: Sequence[int] = ()
    person_ids: Sequence[str] = ()


class Streams:
    """Reads logs up to a horizon: positions are given before commits, and commits overtake."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self, position: int, wanted: Filter
    ) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """Yield (position after it, rows of `stream_events`), up to what is there now."""
        horizon = await self._horizon(QUERIES.position_given)
        while position < horizon:
            rows, position = await self._slice(position, horizon, wanted)
            if rows or position == horizon:
                yield position, rows

    async def history(self, position: int) -> AsyncIterator[tuple[int, int, Sequence[Any]]]:
        """Yield (position after it, the last of all, rows of `stream_history`).

        At least once, and up to what is there now.
        """
        horizon = await self._horizon(QUERIES.position_given)
        while True:
            end = min(position + _WINDOW, horizon)
            rows: Sequence[Any] = await self._database.fetch(
                QUERIES.stream_history, position, end, _EVENTS_AT_ONCE
            )
            position = rows[-1][0] if len(rows) == _EVENTS_AT_ONCE else end
            yield position, horizon, rows
            if position >= horizon:
                return

    async def records(
        self, position: int, types: Sequence[str]
    ) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """Yield (position after it, rows of `export_events`), up to what is there now."""
        horizon = await self._horizon(QUERIES.position_given)
        while position < horizon:
            end = min(position + _WINDOW, horizon)
            rows: Sequence[Any] = await self._database.fetch(
                TRANSFER.export_events, position, end, types, _EVENTS_AT_ONCE
            )
            position = rows[-1][0] if len(rows) == _EVENTS_AT_ONCE else end
            yield position, rows

    async def identities(self, position: int) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """Yield (position after it, rows of `stream_identities`), up to what is there now."""
        horizon = await self._horizon(QUERIES.identity_position_given)
        while position < horizon:
            rows: Sequence[Any] = await self._database.fetch(
                QUERIES.stream_identities, position, horizon, _IDENTITIES_AT_ONCE
            )
            position = rows[-1][0] if len(rows) == _IDENTITIES_AT_ONCE else horizon
            yield position, rows

    async def events_end(self) -> int:
        """Return a position up to which the log is complete."""
        return await self._horizon(QUERIES.position_given)

    async def identities_end(self) -> int:
        """Return a position up to which the identities are complete."""
        return await self._horizon(QUERIES.identity_position_given)

    async def memberships_end(self) -> int:
        """Return a position up to which the memberships are complete."""
        return await self._horizon(AUDIENCES.membership_position_given)

    async def _slice(
        self, position: int, horizon: int, wanted: Filter
    ) -> tuple[Sequence[Any], int]:
        more: tuple[object, ...]
        where = (wanted.types, wanted.since_us, wanted.origins)
        if wanted.person_ids:
            end, query, more = (
                horizon,
                QUERIES.stream_events_of,
                (wanted.person_ids, _EVENTS_AT_ONCE),
            )
        else:
            end, query, more = (
                min(position + _WINDOW, horizon),
                QUERIES.stream_events,
                (_EVENTS_AT_ONCE,),
            )
        rows: Sequence[Any] = await self._database.fetch(query, position, end, *where, *more)
        return rows, rows[-1][0] if len(rows) == _EVENTS_AT_ONCE else end

    async def _horizon(self, last_given: str) -> int:
        """Return a position up to which nothing will appear any more.

        Every writer holds a shared lock from before it takes a position until its commit. So once
        those have ended that hold it after the last position was read, all up to it is visible.
        Writers are not held up, and transactions of others are not waited for.
        """
        last: int = await self._database.fetchval(last_given)
        writing = await self._writers()
        while writing:
            await asyncio.sleep(_LOOK_AGAIN_S)
            writing &= await self._writers()
        return last

    async def _writers(self) -> set[str]:
        rows: Sequence[Any] = await self._database.fetch(QUERIES.writers)
        return {row[0] for row in rows}
