"""The scenario service over a real server, on journeys in memory."""

from dataclasses import dataclass
from datetime import timedelta
from inspect import signature

import pytest

from services.scenario.audiences.campaigning import Campaigns
from services.scenario.audiences.rpcs import Audiences
from services.scenario.audiences.valuing import Valuer
from services.scenario.audiences.weighing import Weigher
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.desk.tasks import TaskDesk, TaskNews
from services.scenario.domain.proposals import Proposals
from services.scenario.domain.taking import take_events
from services.scenario.journeys.due import DueActions
from services.scenario.journeys.timers import Timers
from services.scenario.reports.queue import QueueReports
from services.scenario.reports.scenarios import ScenarioReports
from services.scenario.servicer import ScenarioServicer
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_counts import InMemoryCounts
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from services.scenario.storage.in_memory_queue import InMemoryQueue
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.errors import Unavailable
from shared.testing.clock import FakeClock
from shared.testing.grpc import grpc_service
from tests.unit.scenario.playing import ADA, NOON_US, abandoned_cart, event, for_all
from tests.unit.scenario.shop import Approachable, OneBundle, Told, catalogue
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub


@dataclass
class Face:
    """A stub, and what stands behind it."""

    stub: ScenarioServiceStub
    store: InMemoryJourneys
    proposals: Proposals
    catalogue: Catalogue
    bundles: OneBundle
    clock: FakeClock
    timers: Timers
    news: TaskNews
    finder: Told
    approaches: Approachable
    free_agents: FreeAgents

    async def happens(self, *events):
        async with self.store.transaction() as transaction:
            starting = for_all({"add_to_cart": [abandoned_cart()]})
            number = len(self.store.journeys)
            await take_events(
                transaction, events, starting, self.clock.now_us(), lambda _: f"journey-{number}"
            )

    async def passes(self, **time):
        """Let time pass, and what falls due be done."""
        self.clock.advance(timedelta(**time))
        await self.timers.work_once()
        self.news.tell()

    async def lead_to_the_call(self, person_id="person-ada"):
        await self.happens(event(time_us=self.clock.now_us(), person_id=person_id))
        await self.passes(minutes=30)
        await self.passes(days=2)


def nobody_there(clock):
    """Return what the call centre can take while no agent ever signed on."""
    store = InMemoryJourneys()
    return FreeAgents(InMemoryQueue(store, InMemoryErrands(store)), clock)


def audiences_of(
    peers, offers, bundles, clock, errands=None, channels=frozenset(), free_agents=None
):
    """Return what looks for audiences; `peers` is a channel to profile, rules and the ranker."""
    profile, rules, ranker = (
        stub(peers) if peers is not None else None
        for stub in (ProfileServiceStub, RulesServiceStub, RankerServiceStub)
    )
    free_agents = free_agents or nobody_there(clock)
    weigher = Weigher(rules, Valuer(rules, ranker, bundles, clock, free_agents), bundles)
    campaigns = Campaigns(errands, offers, bundles, clock, channels, lambda: None)
    return Audiences(profile, weigher, campaigns, offers, bundles, clock)


def servicer_of(**parts):
    """Return a servicer of some of its parts: no rpc of the others may be called."""
    return ScenarioServicer(**{**dict.fromkeys(signature(ScenarioServicer).parameters), **parts})


class Numbers:
    """Knows the number of one person."""

    async def of(self, person_id):
        if person_id != ADA:
            raise Unavailable("profile does not answer")
        return "+4915123456"


@pytest.fixture
async def face():
    agents, clock, news = InMemoryAgents(), FakeClock(from_us(NOON_US)), TaskNews()
    store, proposals = InMemoryJourneys(agents), Proposals()
    offers, bundles = catalogue(), OneBundle()
    approaches = Approachable()
    desk = TaskDesk(store, agents, clock, approaches, news=news, numbers=Numbers())
    audiences = audiences_of(None, offers, bundles, clock)
    errands = InMemoryErrands(store)
    queue = InMemoryQueue(store, errands)
    free_agents = FreeAgents(queue, clock)
    due = DueActions(offers, bundles, proposals, free_agents)
    reports = ScenarioReports(InMemoryCounts(store, errands), bundles, clock)
    servicer = ScenarioServicer(
        due, store, errands, desk, audiences, reports, QueueReports(queue, bundles, clock), None
    )
    finder = Told()
    timers = Timers(store, finder, clock, owner="test", lease_s=5.0)
    contract = pb.DESCRIPTOR.services_by_name["ScenarioService"]
    async with grpc_service(bind(contract, servicer, validators=VALIDATORS)) as channel:
        stub = ScenarioServiceStub(channel)
        yield Face(
            *(stub, store, proposals, offers, bundles, clock, timers, news, finder, approaches),
            free_agents,
        )
