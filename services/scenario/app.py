"""The composition root of the scenario service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from services.scenario.config import ScenarioSettings
from services.scenario.crashing import CrashPoints
from services.scenario.definitions import playbook
from services.scenario.desk import TaskDesk, TaskNews
from services.scenario.domain.ports import JourneyStore
from services.scenario.due import DueActions
from services.scenario.finding import Finder
from services.scenario.obstacles import Obstacles
from services.scenario.servicer import ScenarioServicer
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.catching_up import CatchingUp
from services.scenario.storage.consumers import (
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.scenario.storage.following import ProposalFollower
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes, Renewal
from services.scenario.timers import Timers
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.bus import Relay
from shared.bus.subjects import CLOCK_MOVED
from shared.catalogue import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.ids import new_id
from shared.postgres import migrate
from shared.privacy import FolderWrappingKeys
from shared.service import Background, Runtime, Service
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2 import DESCRIPTOR

_DAY_US = 86_400_000_000
_FORGET_EVERY_S = 3600.0


@asynccontextmanager
async def open_service(settings: ScenarioSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema, its definitions, the catalogue and profile."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus, clock = await runtime.bus(), runtime.clock
    keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping-scenario")
    store, agents = PostgresJourneys(database, Notes(keys)), PostgresAgents(database)
    crashes = CrashPoints(settings.crash_at, settings.home / "run" / "crashed")
    rules = RulesServiceStub(runtime.channel("rules"))
    bundles = BundleFollower(bus, RpcBundleSource(rules, settings.service), playbook)
    profile = ProfileServiceStub(runtime.channel("profile"))
    news = TaskNews()
    proposals = ProposalFollower(bus, store, news.tell)

    def changed(offer_nos: Sequence[int]) -> None:
        obstacles.note(offer_nos)

    catalogue = CatalogueFollower(
        bus,
        RetrievalServiceStub(runtime.channel("retrieval")),
        service=settings.service,
        on_change=changed,
    )
    finder = Finder(catalogue.catalogue, bundles, profile, clock)
    timers = Timers(
        store,
        finder,
        clock,
        owner=new_id(),
        lease_s=settings.lease_s,
        moved=proposals.moved,
        reach=crashes.reach,
    )
    obstacles = Obstacles(
        store, proposals.proposals, catalogue.catalogue, bundles, clock, timers.wake
    )
    await bus.on_notice(CLOCK_MOVED, lambda _: timers.clock_moved())
    desk = TaskDesk(
        store,
        agents,
        clock,
        finder.at_hand,
        news=news,
        wake=timers.wake,
        reach=crashes.reach,
    )
    relay = Relay(bus, database)
    consumers = {
        "events": events_consumer(bus, database, bundles, clock, timers.wake),
        "identities": identities_consumer(bus, database, timers.wake),
        "erasures": erasures_consumer(bus, database),
    }
    servicer = ScenarioServicer(
        DueActions(catalogue.catalogue, bundles, proposals.proposals), store, desk
    )
    contract = DESCRIPTOR.services_by_name["ScenarioService"]

    async def work() -> None:
        await asyncio.gather(catalogue.ready(), bundles.ready())
        await timers.run()

    yield Service(
        name=settings.service,
        bindings=(bind(contract, servicer, validators=VALIDATORS),),
        checks={
            "catalogue": catalogue.check_ready,
            "definitions": bundles.check,
            "journeys": proposals.check_ready,
        },
        watched={
            "catalogue_lag": catalogue.check_lag,
            "journeys_lag": proposals.check_lag,
            "relay": relay.check_lag,
            **{name: consumer.check_lag for name, consumer in consumers.items()},
        },
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "journeys": proposals.run,
            "relay": relay.run,
            **{name: consumer.run for name, consumer in consumers.items()},
            "timers": work,
            "obstacles": obstacles.run,
            "catching_up": CatchingUp(database, profile).run,
            "key_renewal": Renewal(database, keys, clock).run,
            "retention": _retention(store, clock, settings.journey_days),
        },
        answers_without_postgres=True,
    )


def _retention(store: JourneyStore, clock: BusinessClock, days: int) -> Background:
    async def forget_for_ever() -> None:
        while True:
            await store.forget_over(clock.now_us() - days * _DAY_US)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever
