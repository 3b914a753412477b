"""What scenario takes from the bus: events, who is one with whom, erasures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from services.scenario.definitions import Playbook
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import NOWHERE
from services.scenario.domain.ports import PersonSet
from services.scenario.domain.starting import Starting
from services.scenario.domain.taking import take_events, take_sets
from services.scenario.journeys.happenings import happened_of
from services.scenario.storage.journeys import erase_persons
from services.scenario.storage.transaction import PostgresJourneyTransaction
from shared.bus import ERASURES, EVENTS, IDENTITIES, Bus, EffectConsumer, Message
from shared.bus.subjects import HISTORY_IMPORTED
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.ids import uuid7
from shared.postgres import Database, Queries, Transaction
from touchpoint.common.v1.bus_pb2 import EventNotices, IdentityNotice, PersonErased
from touchpoint.common.v1.vocabulary_pb2 import Origin

_SQL = Queries.beside(__file__, "journeys.sql")
Wake = Callable[[], None]


class _OnceCommitted:
    """Wakes whoever looks for what a batch wrote, once he can see it."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._is_due = False

    def note(self) -> None:
        """Wake after the commit; what is rolled back instead may wake in vain."""
        self._is_due = True

    def committed(self) -> None:
        if self._is_due:
            self._is_due = False
            self._wake()


def events_consumer(
    bus: Bus,
    database: Database,
    bundles: BundleFollower[Playbook],
    catalogue: Catalogue,
    clock: BusinessClock,
    wake: Wake,
) -> EffectConsumer:
    """Return what begins journeys, leads them on and ends them.

    `wake` is called once it is committed that one begins, or is to be looked at before its time.
    """
    waking = _OnceCommitted(wake)

    def starting_of(person_ids: Sequence[str]) -> Starting:
        oldest_id = person_ids[0]
        return bundles.for_person(oldest_id).for_person(oldest_id, clock.now_us()).starting

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        events = list(happenings(messages, catalogue))
        if not events or not await _matter(transaction, events, bundles.in_force):
            return
        journeys = await PostgresJourneyTransaction.enter(transaction)
        steps = await take_events(journeys, events, starting_of, clock.now_us(), new_journey_id)
        # All else that an event does to a journey puts its timer off, or ends it.
        if any(step.is_new or step.journey.next_stage != NOWHERE for step in steps):
            waking.note()

    return EffectConsumer(
        bus,
        database,
        name="scenario_events",
        stream=EVENTS,
        handle=take,
        taken=waking.committed,
    )


def identities_consumer(
    bus: Bus, database: Database, clock: BusinessClock, wake: Wake
) -> EffectConsumer:
    """Return what keeps who is one with whom."""
    waking = _OnceCommitted(wake)

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        told = [person_set(IdentityNotice.FromString(message.data)) for message in messages]
        journeys = await PostgresJourneyTransaction.enter(transaction)
        if await take_sets(journeys, told, clock.now_us()):
            waking.note()

    return EffectConsumer(
        bus,
        database,
        name="scenario_identities",
        stream=IDENTITIES,
        handle=take,
        taken=waking.committed,
    )


def erasures_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what forgets erased persons."""
    return EffectConsumer(bus, database, name="scenario_erasures", stream=ERASURES, handle=_erase)


def happenings(messages: Iterable[Message], catalogue: Catalogue) -> Iterable[Happened]:
    """Return the live events that messages tell of, in order."""
    for message in messages:
        if message.subject == HISTORY_IMPORTED:
            continue
        for notice in EventNotices.FromString(message.data).notices:
            if notice.origin == Origin.LIVE:
                yield happened_of(notice, catalogue)


def person_set(notice: IdentityNotice) -> PersonSet:
    return PersonSet(notice.person_id, tuple(notice.person_ids), notice.version)


def new_journey_id(now_us: int) -> str:
    return uuid7(now_us // 1000)


async def _matter(
    transaction: Transaction, events: Sequence[Happened], in_force: Iterable[Playbook]
) -> bool:
    """Say whether events can change anything: most are views of people on no journey."""
    types = {event.type for event in events}
    if not all(types.isdisjoint(playbook.telling) for playbook in in_force):
        return True
    persons = list({event.person_id for event in events})
    return bool(await transaction.fetchval(_SQL.are_on_a_journey, persons))


async def _erase(transaction: Transaction, messages: Sequence[Message]) -> None:
    for message in messages:
        await erase_persons(transaction, PersonErased.FromString(message.data).person_ids)
