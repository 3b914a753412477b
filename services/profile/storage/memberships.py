"""Who is in which segment, as far as it was told, and how far looking for changes has come."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.profile.domain.memberships import Cause, Change, Progress
from services.profile.storage import AUDIENCES, QUERIES
from services.profile.storage.notices import membership_notices
from services.profile.storage.streams import Streams
from shared.bus import append
from shared.postgres import Database

_WINDOW = 2_000
"""Positions looked at in one turn."""
_AT_ONCE = 5_000


class Touched(NamedTuple):
    """Persons to whom something happened."""

    persons: set[str]
    event_position: int
    """Up to which that is known."""
    identity_position: int
    more: bool
    """There is more behind."""


class PostgresMemberships:
    """Writes changes with the notices about them in one transaction."""

    def __init__(self, database: Database, streams: Streams) -> None:
        self._database = database
        self._streams = streams

    async def progress(self) -> Progress:
        row: Any = await self._database.fetchrow(AUDIENCES.membership_progress)
        return Progress(*row)

    async def begin_sweep(self, digest: str, now_us: int, cause: Cause) -> None:
        """Begin to look at everybody; tiers are computed first, because segments stand on them."""
        await self._database.execute(QUERIES.compute_tiers, now_us)
        await self._database.execute(AUDIENCES.begin_sweep, digest, now_us, int(cause))

    async def move_sweep(self, to: str | None) -> None:
        """Note the last set looked at; None: the sweep is over."""
        await self._database.execute(AUDIENCES.move_sweep, to)

    async def positions(self) -> tuple[int, int]:
        """Return up to where the log and the identities are complete."""
        return await self._streams.events_end(), await self._streams.identities_end()

    async def move_positions(self, events: int, identities: int) -> None:
        await self._database.execute(AUDIENCES.move_membership_positions, events, identities)

    async def touched(self, progress: Progress) -> Touched:
        """Return persons to whom something happened since, some at a time."""
        if progress.is_up_to_date:
            return Touched(set(), progress.event_position, progress.identity_position, False)
        ends = await self.positions()
        events = min(ends[0], progress.event_position + _WINDOW)
        identities = min(ends[1], progress.identity_position + _WINDOW)
        persons: set[str] = set()
        for query, start, end in (
            (AUDIENCES.persons_of_events, progress.event_position, events),
            (AUDIENCES.persons_of_identities, progress.identity_position, identities),
        ):
            if end > start:
                rows: Sequence[Any] = await self._database.fetch(query, start, end)
                persons.update(row[0] for row in rows)
        return Touched(persons, events, identities, (events, identities) != ends)

    async def told(self, person_ids: Sequence[str]) -> Mapping[str, set[str]]:
        """Return the segments that persons are in, as far as it was told."""
        rows: Sequence[Any] = await self._database.fetch(AUDIENCES.memberships_of, person_ids)
        found: dict[str, set[str]] = {}
        for person_id, segment in rows:
            found.setdefault(person_id, set()).add(segment)
        return found

    async def change(
        self, changes: Sequence[Change], cause: Cause, bundle_hash: str, now_us: int
    ) -> None:
        """Write changes and tell of them; of those erased meanwhile nothing is written."""
        persons = sorted({change.person_id for change in changes})
        async with self._database.transaction() as transaction:
            rows: Sequence[Any] = await transaction.fetch(AUDIENCES.hold_persons, persons)
            there = {row[0] for row in rows}
            changes = [change for change in changes if change.person_id in there]
            if not changes:
                return
            await transaction.execute(QUERIES.enter_writers)
            columns = [(each.person_id, each.segment, each.is_member) for each in changes]
            await transaction.execute(
                AUDIENCES.change_memberships, *map(list, zip(*columns, strict=True)), now_us
            )
            notices = membership_notices(changes, cause, bundle_hash, now_us)
            await append(transaction, notices)

    async def forget_left(self, before_us: int) -> None:
        """Forget who left before that."""
        while await self._database.fetchval(AUDIENCES.forget_left, before_us):
            continue

    async def stream(
        self, position: int, segments: Sequence[str]
    ) -> AsyncIterator[tuple[int, Sequence[Any]]]:
        """Yield (position after it, rows of `stream_memberships`), up to what is there now."""
        horizon = await self._streams.memberships_end()
        while position < horizon:
            rows: Sequence[Any] = await self._database.fetch(
                AUDIENCES.stream_memberships, position, horizon, segments, _AT_ONCE
            )
            position = rows[-1][0] if len(rows) == _AT_ONCE else horizon
            yield position, rows
