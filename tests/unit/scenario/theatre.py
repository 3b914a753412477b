"""The shipped scenarios on a stage: one person, a shop, a clock that is moved, and what is seen.

Definitions are the shipped files, through the same check as everywhere, and all that goes on is the
service's own: events, timers, what is due in a decision, errands, tasks. Only profile, retrieval,
the ledger of contacts, templates and carriers are played.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from services.scenario.carriers import Carriage
from services.scenario.definitions import Playbook, playbook
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.desk.tasks import TaskDesk
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.completing import Completion
from services.scenario.domain.moments import is_working_day
from services.scenario.domain.outbound import Draft, Fate, Message, Result
from services.scenario.domain.proposals import Proposals, Standing
from services.scenario.domain.taking import take_events
from services.scenario.domain.tasks import Task
from services.scenario.errands.doing import Errands
from services.scenario.journeys.due import DueActions
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.happenings import happened_of
from services.scenario.journeys.restocking import Restocking
from services.scenario.journeys.timers import Timers
from services.scenario.messages.sending import Sender
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_queue import InMemoryQueue
from shared.call import own_call
from shared.catalogue import Catalogue
from shared.conditions.person import PersonValues
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from tests.unit.scenario.outside import Machine, Person
from tests.unit.scenario.playing import ADA
from tests.unit.scenario.shop import Approachable, OneBundle
from touchpoint.common.v1.bus_pb2 import EventNotice
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueRequest, GetDueResponse

TV, OTHER_TV, SOUNDBAR, CABLE, FLOUR, DVD = "tv", "other-tv", "soundbar", "cable", "flour", "dvd"
_ITEMS = {
    TV: ("Electronics > TVs", 2999),
    OTHER_TV: ("Electronics > TVs", 2799),
    SOUNDBAR: ("Electronics > Sound", 899),
    CABLE: ("Electronics > Cables", 29),
    FLOUR: ("Kitchen > Flour", 6),
    DVD: ("DVDs", 12),
}
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NINE = time(9, tzinfo=UTC)
AGENT = "agent"
SKILLS = ("sales", "service", "chat")
_US = 1_000_000


@cache
def shipped() -> tuple[Playbook, tuple[Offer, ...]]:
    """Return the shipped scenarios as they are compiled, and the offers beside them."""
    checked = check_definitions(read_folder(shipped_definitions()))
    assert checked.bundle is not None, checked.problems
    return playbook(checked.bundle), tuple(checked.bundle.offers)


class Shop(Catalogue):
    """The items of the stories, and every offer of the definitions."""

    def __init__(self) -> None:
        super().__init__()
        rows = [
            CatalogueRow(
                offer_id=item_id,
                kind=OfferKind.PRODUCT,
                title=item_id,
                category=category,
                price_micros=price * _US,
                currency="USD",
                stock=10,
                is_consumable=item_id == FLOUR,
            )
            for item_id, (category, price) in _ITEMS.items()
        ]
        rows += [
            CatalogueRow(
                offer_id=offer.offer_id,
                kind=offer.kind,
                attributes=offer.attributes,
                is_defined=True,
            )
            for offer in shipped()[1]
        ]
        for number, row in enumerate(rows, 1):
            row.offer_no = number
        self.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))


class Profile:
    """`People` who are one person."""

    def __init__(self, snapshot: PersonSnapshot, clock: FakeClock) -> None:
        self._snapshot, self._clock = snapshot, clock

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        return PersonValues(snapshot)

    async def snapshot(self, person_id: str) -> PersonSnapshot:
        self._snapshot.as_of_us = self._clock.now_us()
        return PersonSnapshot.FromString(self._snapshot.SerializeToString())


class Sources:
    """In place of `Chooser`: what retrieval has, as the story says, by source."""

    def __init__(self) -> None:
        self.has: dict[int, tuple[int, ...]] = {}

    async def choose(self, sources, placements, item_no, person):
        assert placements, "retrieval is asked for places to fill"
        return {source: self.has.get(source, ()) for source in sources}


class Letters:
    """A `Composer` that writes the name of the template; some it has reasons not to."""

    def __init__(self) -> None:
        self.instead: dict[str, Result] = {}
        self.told: list[Draft] = []

    async def compose(self, draft, channel):
        self.told.append(draft)
        template = draft.order.template
        return self.instead.get(template) or Message(channel, "somewhere", text=template)


class Post:
    """A `Carrier` that notes what left the house, and on which day of the story."""

    def __init__(self, clock: FakeClock, channel: int, sent: list[tuple[str, str, int]]) -> None:
        self._clock, self._channel, self._sent = clock, channel, sent
        self._began_us = clock.now_us()

    async def carry(self, message, key):
        day = (self._clock.now_us() - self._began_us) // (86_400 * _US)
        self._sent.append((message.text, Channel.Value.Name(self._channel), day))
        return Result(Fate.SENT)

    async def ask(self, key):
        raise Unavailable("never in doubt")


class Theatre:
    """See the module; `person` is what is known of Ada, to be changed as the story goes."""

    def __init__(self, began: datetime = MONDAY_NOON) -> None:
        self.clock, self.machine = FakeClock(began), Machine()
        self.store = InMemoryJourneys(machine_s=self.machine)
        self.errands = InMemoryErrands(self.store)
        self.catalogue, self.bundles = Shop(), OneBundle()
        self.bundles.active = shipped()[0]
        self.sources, self.letters = Sources(), Letters()
        self.permits, self.approaches = Person(), Approachable()
        self.person = self.permits.snapshot
        self.person.traits.tenure_days = self.person.traits.recency_days = -1.0
        self.sent: list[tuple[str, str, int]] = []
        """Template, channel and day of each message that left the house."""
        self._finder = Finder(
            *(self.catalogue, self.bundles, Profile(self.person, self.clock), self.clock),
            self.sources,
            calls_per_day=FreeAgents(self.store, self.clock).calls_per_day,
        )
        self._timers = Timers(self.store, self._finder, self.clock, owner="t", lease_s=3600.0)
        self._restocking = Restocking(self.store, self.catalogue, self.clock, lambda: None)
        self._worker = Errands(
            self.errands, self._sender(), _Silent(), self.catalogue, self.clock, owner="e"
        )
        self._desk = TaskDesk(self.store, self.store.agents, self.clock, self.approaches)
        self._number = 0

    def no(self, offer_id: str) -> int:
        """Return the number of an item or offer."""
        found = self.catalogue.offer_no(offer_id)
        assert found, offer_id
        return found

    async def happens(self, type_: str, offer_id: str = "", **fields) -> None:
        """Let something happen now, and let the journeys go on by it a moment later."""
        self._number += 1
        notice = EventNotice(
            person_id=ADA,
            type=type_,
            time_us=self.clock.now_us(),
            offer_no=self.no(offer_id) if offer_id else 0,
            channel=Channel.WEB,
            **fields,
        )
        event = happened_of(notice, self.catalogue)
        self.clock.advance(timedelta(milliseconds=5))
        names = (f"journey-{self._number}-{n}" for n in range(100))
        async with self.store.transaction() as transaction:
            starting = shipped()[0].starting
            now_us = self.clock.now_us()
            await take_events(
                transaction, [event], lambda _: starting, now_us, lambda _: next(names)
            )
        await self.goes_on()

    async def leaves(self, item_id: str) -> None:
        """Put an item into the cart and leave it there."""
        self.person.cart.offer_nos[:] = [self.no(item_id)]
        self.person.cart.quantities[:] = [1.0]
        self.person.cart.value_micros = _ITEMS[item_id][1] * _US
        await self.happens("add_to_cart", item_id)

    async def buys(self, item_id: str) -> None:
        """Buy an item; the cart is empty then."""
        self.person.ClearField("cart")
        self.person.traits.tenure_days = max(self.person.traits.tenure_days, 0.0)
        self.person.traits.frequency += 1
        await self.happens("purchase", item_id, value_micros=_ITEMS[item_id][1] * _US)

    async def passes(self, **time: float) -> None:
        """Let time pass, with all that falls due meanwhile in its own moment."""
        ends_us = self.clock.now_us() + timedelta(**time) // timedelta(microseconds=1)
        for _ in range(5000):
            dues = [await self.store.next_due_us(), await self.errands.next_due_us()]
            next_us = min((each for each in dues if each), default=ends_us)
            next_us = min(max(next_us, self.clock.now_us()), ends_us)
            self.clock.advance(timedelta(microseconds=next_us - self.clock.now_us()))
            await self.goes_on()
            if next_us == ends_us:
                return
        raise AssertionError("time stands still")

    async def passes_to_work(self) -> None:
        """Let time pass until agents work, where today nobody does."""
        playbook, now = self.bundles.active, self.clock.now()
        at_work = now
        while not is_working_day(at_work.date(), playbook.holidays, playbook.desk.weekdays):
            at_work = datetime.combine(at_work.date() + timedelta(days=1), NINE)
        await self.passes(seconds=(at_work - now).total_seconds())

    async def goes_on(self) -> None:
        """Do all that is due now."""
        for _ in range(8):
            self.machine.now_s += 7200.0
            if not await self._timers.work_through() + await self._worker.work_once():
                return
        raise AssertionError("there is no end of it")

    async def is_back(self, item_id: str) -> None:
        """Put an item back on the shelf."""
        self.catalogue.stock[self.no(item_id)] = 5
        await self._restocking.look()
        await self.goes_on()

    def shown(self, placement: str = "web.home.banner") -> dict[str, str]:
        """Return what a decision of this moment has from scenarios: scenario by offer."""
        proposals = Proposals()
        for journey in self.store.journeys.values():
            if journey.proposal is not None:
                proposals.apply(_standing(journey))
        free = FreeAgents(self.store, self.clock)
        due = DueActions(self.catalogue, self.bundles, proposals, free)
        request = GetDueRequest(snapshot=self.person.SerializeToString())
        request.context.arm, request.context.now_us = Arm.PERSONALISED, self.clock.now_us()
        return {
            self.catalogue.offer_ids[each.offer_no]: each.scenario
            for each in due.answer(request).actions
            if not each.placements or placement in each.placements
        }

    def stage(self, scenario: str) -> str | None:
        """Return the stage that Ada is in; empty: before the first; None: in no such journey."""
        for journey in self.store.journeys.values():
            if journey.scenario.name == scenario and not journey.is_over:
                return journey.current.name if journey.current is not None else ""
        return None

    def ended(self, scenario: str) -> str:
        """Return how the last journey ended, by its author's word or the outcome."""
        over = [
            journey
            for journey in self.store.journeys.values()
            if journey.scenario.name == scenario and journey.is_over
        ]
        last = max(over, key=lambda each: (each.ended_us, each.started_us))
        return last.ended_as or last.outcome.value

    async def tasks(self) -> list[Task]:
        """Return the tasks that wait for somebody, first to be done first."""
        return list(await self.store.waiting(SKILLS, self.clock.now_us(), 50))

    async def call(self, outcome: str, **again: float) -> Task:
        """Let an agent take the first task and end it so; of `call_again` after so long."""
        task = await self.claims()
        again_us = self.clock.now_us() + timedelta(**again) // timedelta(microseconds=1)
        said = Completion(task.task_id, AGENT, outcome, again_us=again_us if again else 0)
        await self._desk.complete(own_call("/CompleteTask"), said)
        await self.goes_on()
        return task

    async def claims(self) -> Task:
        """Let an agent take the first task."""
        await self._desk.sign(Agent(AGENT, Presence.AVAILABLE, SKILLS, 9))
        return await self._desk.claim(own_call("/ClaimTask"), AGENT, "")

    async def signs_on(self, *skills: str) -> None:
        """Let the agent be there with these skills, for one task at a time."""
        agent = Agent(AGENT, Presence.AVAILABLE, skills)
        await self.store.agents.save(agent, self.clock.now_us())

    async def free(self) -> GetDueResponse:
        """Return what a decision of this moment hears of who could be taken in time."""
        free = FreeAgents(InMemoryQueue(self.store, self.errands), self.clock)
        await free.look()
        due = DueActions(self.catalogue, self.bundles, Proposals(), free)
        return due.answer(GetDueRequest())

    def _sender(self) -> Sender:
        carriages = {
            int(channel): Carriage(Post(self.clock, channel, self.sent))
            for channel in (Channel.EMAIL, Channel.SMS, Channel.PUSH)
        }
        return Sender(self.errands, self.letters, carriages, self.permits, self.clock)


class _Silent:
    """A `Logbook` that nobody reads."""

    async def write(self, dispatch) -> None:
        return None


def _standing(journey) -> Standing:
    proposal = journey.proposal
    return Standing(
        journey.journey_id,
        journey.person_id,
        journey.version,
        journey.scenario.name,
        journey.current.name,
        journey.offer_nos,
        proposal.placements,
        proposal.lever,
        journey.entered_us,
        journey.until_us,
        subject_no=journey.subject_no,
    )
