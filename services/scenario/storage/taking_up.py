"""Searches the event log for people who are quiet already, for scenarios that take them up.

A scenario that comes into force has the whole log searched, one that is in force what was imported
since. The position in the log moves after what was found before it is committed, and who is found
twice is on one journey: so nobody is passed over, and nobody taken up twice, whenever it breaks
off. Some people are looked at in one transaction while nobody else writes journeys: else one of
their events could begin another at the same moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from services.scenario.definitions import Playbook
from services.scenario.domain.facts import Happened
from services.scenario.domain.starting import Starting
from services.scenario.domain.taking_up import Judged, Look, Taken, judge, take_up
from services.scenario.journeys.happenings import happened_of
from services.scenario.storage.searches import Search, editions_of, meant_by
from services.scenario.storage.transaction import PostgresJourneyTransaction
from shared.bus import Bus
from shared.bus.subjects import HISTORY_IMPORTED
from shared.call import own_call
from shared.catalogue import Catalogue
from shared.catching_up import keep_caught_up
from shared.client import follow
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.logging import get_logger
from shared.postgres import Database, Queries
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.profile.v1.profile_pb2 import EventColumns

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_JOURNEYS = Queries.beside(__file__, "journeys.sql")
_SQL = Queries.beside(__file__, "looks.sql")
_METHOD = "/touchpoint.profile.v1.ProfileService/StreamEvents"
_STREAM_TIMEOUT_S = 300.0
_STREAM_S = 60.0
"""After so long a stream is opened anew, long before it runs out."""
_AT_ONCE = 50
"""Persons looked at in one transaction: timers and events wait for it some milliseconds."""
_MOST_PERSONS = 64
"""Whose events profile tells in one answer."""
_PAUSE_S = 0.05
"""From one transaction to the next: all else goes first."""
_READ = {
    "person_id": "person_ids",
    "type": "types",
    "time_us": "times_us",
    "channel": "channels",
    "value_micros": "value_micros",
    "quantity": "quantities",
    "gift": "gifts",
    "offer_no": "offer_nos",
    "event_id": "event_ids",
    "decision_id": "decision_ids",
}
log = get_logger(__name__)


class TakingUp:
    """Looks at the start, every minute, and when history was imported."""

    def __init__(
        self,
        database: Database,
        profile: ProfileServiceAsyncStub,
        bundles: BundleFollower[Playbook],
        catalogue: Catalogue,
        clock: BusinessClock,
        wake: Callable[[], None],
        pause_s: float = _PAUSE_S,
    ) -> None:
        """`wake` is called when journeys have begun."""
        self._database = database
        self._profile = profile
        self._bundles = bundles
        self._catalogue = catalogue
        self._clock = clock
        self._wake = wake
        self._pause_s = pause_s
        self._soon = asyncio.Event()

    async def run(self, bus: Bus) -> None:
        """Look for ever while this replica leads; a background task of the service.

        Definitions and catalogue have to be known.
        """
        await bus.on_notice(HISTORY_IMPORTED, lambda _: self._soon.set())
        await keep_caught_up(self._database, "profile", self.look, self._soon, "taking_up")

    async def look(self) -> None:
        """Search the log to its end for each scenario that takes people up; raises kit errors."""
        editions = editions_of(self._bundles.in_force)
        await self._database.execute(_SQL.end_looks, list(editions))
        for name, of_name in editions.items():
            meant = meant_by(of_name)
            await self._database.execute(_SQL.begin_look, name, meant, self._clock.now_us())
        again = await self._database.fetch(_SQL.looks_again)
        for row in await self._database.fetch(_SQL.looks):
            if row["scenario"] in editions:
                search = Search(
                    Look(row["scenario"], row["begun_us"]),
                    row["position"],
                    row["is_through"],
                    editions[row["scenario"]],
                )
                theirs = {
                    each["person_id"] for each in again if each["scenario"] == row["scenario"]
                }
                if not await self._take_up_all(search, search.position, sorted(theirs)):
                    return
                await self._search(search)
        if again:
            await self._database.execute(_SQL.looked_again, [each["number"] for each in again])

    async def _search(self, search: Search) -> None:
        """Search the log from where it was left to its end, or until somebody else does."""
        position: int | None = search.position
        while position is not None:
            position = await self._read_on(search, position)

    async def _read_on(self, search: Search, position: int) -> int | None:
        """Read a stretch of the log; returns where the next one begins, None after the last."""
        opened_s = time.monotonic()
        request = search.request(self._clock.now_us())
        request.position = position
        stream = follow(self._profile.StreamEvents, request, own_call(_METHOD), _STREAM_TIMEOUT_S)
        async for response in stream:
            concerned = await self._concerned(search, response.events)
            known = search.read_to.knows
            persons = [each for each in concerned if not known(each, response.position)]
            if not await self._take_up_all(search, position, persons):
                return None
            if not await self._move(search, position, response.position, len(persons)):
                return None
            position = response.position
            if time.monotonic() - opened_s > _STREAM_S:
                return position
        if not search.is_through:
            await self._move(search, position, position, 0, is_through=True)
        return None

    async def _concerned(self, search: Search, columns: EventColumns) -> list[str]:
        """Return whom events may have begun a silence of, and who waits and did or met anything."""
        starting = _happenings(columns, self._catalogue, search.starting_types())
        begun = {each.person_id for each in starting if search.begins(each)}
        others = set(columns.person_ids) - begun
        if others:
            rows = await self._database.fetch(_SQL.waiting, search.look.scenario, list(others))
            begun.update(row["person_id"] for row in rows)
        return sorted(begun)

    async def _move(
        self, search: Search, old: int, new: int, people: int, *, is_through: bool = False
    ) -> bool:
        """Keep how far it is; False where somebody else went on from here."""
        look = search.look
        kept = (look.scenario, look.begun_us, old, new, people, is_through)
        moved = await self._database.fetchval(_SQL.move_look, *kept)
        if moved and (people or is_through):
            log.info(
                "looked_for_quiet_already",
                scenario=look.scenario,
                position=new,
                people=people,
                is_through=is_through or search.is_through,
            )
        return moved is not None

    async def _take_up_all(self, search: Search, position: int, persons: Sequence[str]) -> bool:
        """Take persons up, some at a time; False where somebody else searches by now.

        What those did who have begun is read once more: an event may have been recorded after it
        was read and before they began, when nobody listened for them yet.
        """
        for start in range(0, len(persons), _AT_ONCE):
            asked, begun = frozenset(persons[start : start + _AT_ONCE]), set[str]()
            while asked:
                taken = await self._take_up(search, position, asked)
                if taken is None:
                    return False
                if taken.steps:
                    self._wake()
                new = [each.journey for each in taken.steps if each.is_new]
                asked = taken.unread.union(
                    each.person_id for each in new if each.journey_id not in begun
                )
                begun.update(each.journey_id for each in new)
                await asyncio.sleep(self._pause_s)
        return True

    async def _take_up(
        self, search: Search, position: int, persons: Collection[str]
    ) -> Taken | None:
        """Take some persons up, with whoever is one with them; None: somebody else searches.

        What their events come to is told before the gate is closed, as everybody waits for that.
        """
        judged, read_to = await self._judged(search, persons)
        taken = await self._begin(search, position, judged) if judged else Taken()
        if taken is not None:
            search.read_to.note(set(persons) - taken.unread, read_to)
        return taken

    async def _begin(
        self, search: Search, position: int, judged: Mapping[str, Judged]
    ) -> Taken | None:
        look = search.look
        async with self._database.transaction() as transaction:
            await transaction.execute(_JOURNEYS.close_gate)
            held = await transaction.fetchval(
                _SQL.hold_look, look.scenario, look.begun_us, position
            )
            if held is None:
                return None
            journeys = PostgresJourneyTransaction(transaction)
            return await take_up(journeys, look, judged, self._clock.now_us())

    async def _judged(
        self, search: Search, persons: Iterable[str]
    ) -> tuple[dict[str, Judged], int]:
        """Return what the events of sets come to, by each person asked for whom it matters.

        And the position up to which they were read.
        """
        look, asked = search.look, list(persons)
        rows = await self._database.fetch(_JOURNEYS.sets_of, asked)
        groups = {row["person_id"]: tuple(row["person_ids"]) for row in rows}
        members = sorted({person_id for group in groups.values() for person_id in group})
        events, read_to = await self._events_of(search, members)
        waiting = await self._database.fetch(_SQL.waiting, look.scenario, asked)
        wait = {row["person_id"] for row in waiting}
        found: dict[str, Judged] = {}
        for person_id, group in groups.items():
            judged = judge(look, group, events, self._starting_of, self._clock.now_us())
            if judged is not None and (judged.silences or person_id in wait):
                found[person_id] = judged
            # Somebody may have done a great deal: others are answered in between.
            await asyncio.sleep(0)
        return found, read_to

    async def _events_of(
        self, search: Search, members: Sequence[str]
    ) -> tuple[Mapping[str, Sequence[Happened]], int]:
        """Return the events that decide about persons, by person, and up to where those were."""
        found: dict[str, list[Happened]] = {person_id: [] for person_id in members}
        read_to = []
        for start in range(0, len(members), _MOST_PERSONS):
            some = members[start : start + _MOST_PERSONS]
            request = search.request_of(some, self._clock.now_us())
            stream = follow(
                self._profile.StreamEvents, request, own_call(_METHOD), _STREAM_TIMEOUT_S
            )
            position = 0
            async for response in stream:
                position = response.position
                for event in _happenings(response.events, self._catalogue):
                    found[event.person_id].append(event)
            read_to.append(position)
        return found, min(read_to, default=0)

    def _starting_of(self, person_ids: Sequence[str]) -> Starting:
        oldest_id, now_us = person_ids[0], self._clock.now_us()
        return self._bundles.for_person(oldest_id).for_person(oldest_id, now_us).starting


def _happenings(
    columns: EventColumns, catalogue: Catalogue, types: Collection[str] | None = None
) -> Iterator[Happened]:
    """Return a slice of the log as journeys hear of it, or the events of some types in it."""
    placements = columns.placements[:] or [""] * len(columns.types)
    told = zip(*(getattr(columns, name)[:] for name in _READ.values()), placements, strict=True)
    names = (*_READ, "placement")
    of_type = names.index("type")
    for event in told:
        if types is None or event[of_type] in types:
            yield happened_of(EventNotice(**dict(zip(names, event, strict=True))), catalogue)
