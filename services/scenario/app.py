"""The composition root of the scenario service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.scenario.audiences.setting_up import audiences_of
from services.scenario.config import ScenarioSettings
from services.scenario.crashing import CrashPoints
from services.scenario.definitions import Playbook, playbook
from services.scenario.desk.approaching import RulesApproaches
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.desk.ringing import ProfileNumbers
from services.scenario.desk.tasks import TaskDesk, TaskNews
from services.scenario.domain.journey import Transition
from services.scenario.domain.ports import JourneyStore
from services.scenario.errands.doing import Errands
from services.scenario.errands.setting_up import errands_of
from services.scenario.journeys.calling import Calling
from services.scenario.journeys.choosing import Chooser
from services.scenario.journeys.due import DueActions
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.obstacles import Obstacles
from services.scenario.journeys.restocking import Restocking
from services.scenario.journeys.shown import RulesDecisions
from services.scenario.journeys.timers import Timers
from services.scenario.messages.permitting import RulesGates
from services.scenario.patterns.search import PatternSearch
from services.scenario.people import ProfilePeople
from services.scenario.reports.queue import QueueReports
from services.scenario.reports.scenarios import ScenarioReports
from services.scenario.reports.unevaluated import UnevaluatedKept
from services.scenario.servicer import ScenarioServicer
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.catching_up import CatchingUp
from services.scenario.storage.consumers import (
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.scenario.storage.counts import PostgresCounts
from services.scenario.storage.errands import PostgresErrands
from services.scenario.storage.following import ProposalFollower
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import NoteKeys, Notes
from services.scenario.storage.queue import PostgresQueue
from services.scenario.unevaluated import UNEVALUATED
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.bus import Bus, EffectConsumer, Relay
from shared.bus.subjects import CLOCK_MOVED
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.ids import new_id
from shared.postgres import Database, migrate
from shared.privacy import FolderWrappingKeys
from shared.service import Background, HealthCheck, Runtime, Service
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2 import DESCRIPTOR

_DAY_US = 86_400_000_000
_PACE_S = 0.01
"""From one batch of what is told to the next: a stage is proposed as soon as it is entered."""
_FORGET_EVERY_S = 3600.0
_MARK_DAYS = 2
"""Longer than word of a link can be late."""
_TALLY_DAYS = 401
"""Longer than any scenario counts back."""


@asynccontextmanager
async def open_service(settings: ScenarioSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema, its definitions, the catalogue and profile."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    parts = _Parts(settings, runtime, database, bus)
    await bus.on_notice(CLOCK_MOVED, lambda _: parts.timers.clock_moved())
    contract = DESCRIPTOR.services_by_name["ScenarioService"]
    yield Service(
        name=settings.service,
        bindings=(bind(contract, parts.servicer(), validators=VALIDATORS),),
        checks=parts.checks(),
        watched=parts.watched(),
        background=parts.background(settings),
        answers_without_postgres=True,
    )


@dataclass(frozen=True, slots=True)
class _Models:
    """What this replica keeps in memory of others' data and of its own journeys."""

    catalogue: CatalogueFollower
    bundles: BundleFollower[Playbook]
    journeys: ProposalFollower


class _Parts:
    """The parts of the service that live as long as it does."""

    def __init__(
        self, settings: ScenarioSettings, runtime: Runtime, database: Database, bus: Bus
    ) -> None:
        self.clock: BusinessClock = runtime.clock
        self.database = database
        self.keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping-scenario")
        self.store = PostgresJourneys(database, Notes(self.keys))
        self.profile = ProfileServiceStub(runtime.channel("profile"))
        self.rules = RulesServiceStub(runtime.channel("rules"))
        self.ranker = RankerServiceStub(runtime.channel("ranker"))
        self.retrieval = RetrievalServiceStub(runtime.channel("retrieval"))
        self.news = TaskNews()
        self.models = self._follow(settings, bus)
        self.people = ProfilePeople(self.profile)
        self.reach = CrashPoints(settings.crash_at, settings.home / "run" / "crashed").reach
        self.free_agents = FreeAgents(PostgresQueue(database), self.clock)
        self.unevaluated = UnevaluatedKept(
            UNEVALUATED, PostgresCounts(database), self.clock, time.monotonic
        )
        self.timers = Timers(
            self.store,
            self._finder(),
            self.clock,
            owner=new_id(),
            lease_s=settings.lease_s,
            moved=self._moved,
            reach=self.reach,
        )
        catalogue, bundles = self.models.catalogue.catalogue, self.models.bundles
        wake = self.timers.wake
        edge = AggregatorServiceStub(runtime.channel("aggregator"))
        self.errands = errands_of(
            settings,
            database,
            self.rules,
            self.profile,
            edge,
            catalogue,
            bundles,
            self.clock,
            self.reach,
            wake,
        )
        proposals = self.models.journeys.proposals
        self.obstacles = Obstacles(self.store, proposals, catalogue, bundles, self.clock, wake)
        self.restocking = Restocking(self.store, catalogue, self.clock, wake)
        self.relay = Relay(bus, database, _PACE_S)
        self.consumers: Mapping[str, EffectConsumer] = {
            "events": events_consumer(bus, database, bundles, catalogue, self.clock, wake),
            "identities": identities_consumer(bus, database, self.clock, wake),
            "erasures": erasures_consumer(bus, database),
        }

    def _finder(self) -> Finder:
        """Return what finds out what decides about a journey."""
        bundles, agents = self.models.bundles, self.free_agents
        return Finder(
            self.models.catalogue.catalogue,
            bundles,
            self.people,
            self.clock,
            Chooser(self.retrieval, self.clock, lambda: bundles.active_hash),
            RulesDecisions(self.rules),
            agents.calls_per_day,
            Calling(agents.are_there, lambda: self.errands.channels, RulesGates(self.rules)),
        )

    def servicer(self) -> ScenarioServicer:
        models = self.models
        catalogue, proposals = models.catalogue.catalogue, models.journeys.proposals
        due = DueActions(catalogue, models.bundles, proposals, self.free_agents)
        desk = TaskDesk(
            self.store,
            PostgresAgents(self.database),
            self.clock,
            RulesApproaches(self.rules, self.people, self.clock),
            news=self.news,
            wake=self._after_a_call,
            reach=self.reach,
            numbers=ProfileNumbers(self.profile),
        )
        errands = PostgresErrands(self.database)
        reports = ScenarioReports(PostgresCounts(self.database), models.bundles, self.clock)
        patterns = PatternSearch(self.profile, catalogue, models.bundles, self.clock)
        queue = QueueReports(PostgresQueue(self.database), models.bundles, self.clock)
        audiences = audiences_of(
            self.profile,
            self.rules,
            self.ranker,
            errands,
            self.errands,
            catalogue,
            models.bundles,
            self.clock,
            self.free_agents,
        )
        return ScenarioServicer(due, self.store, errands, desk, audiences, reports, queue, patterns)

    def checks(self) -> dict[str, HealthCheck]:
        return {
            "catalogue": self.models.catalogue.check_ready,
            "definitions": self.models.bundles.check,
            "journeys": self.models.journeys.check_ready,
        }

    def watched(self) -> dict[str, HealthCheck]:
        return {
            "catalogue_lag": self.models.catalogue.check_lag,
            "journeys_lag": self.models.journeys.check_lag,
            "relay": self.relay.check_lag,
            **{name: consumer.check_lag for name, consumer in self.consumers.items()},
        }

    def background(self, settings: ScenarioSettings) -> dict[str, Background]:
        return {
            "catalogue": self.models.catalogue.run,
            "definitions": self.models.bundles.run,
            "journeys": self.models.journeys.run,
            "relay": self.relay.run,
            **{name: consumer.run for name, consumer in self.consumers.items()},
            "events": self._hear,
            "timers": self._work,
            "errands": self._do_errands,
            "obstacles": self.obstacles.run,
            "free_agents": self.free_agents.run,
            "unevaluated": self.unevaluated.run,
            "restocking": self._restock,
            "catching_up": CatchingUp(self.database, self.profile, self.clock).run,
            "key_renewal": NoteKeys(self.database, self.keys, self.clock).run,
            "retention": _retention(self.store, self.errands, self.clock, settings.journey_days),
        }

    def _follow(self, settings: ScenarioSettings, bus: Bus) -> _Models:
        return _Models(
            CatalogueFollower(
                bus, self.retrieval, service=settings.service, on_change=self._catalogue_changed
            ),
            BundleFollower(bus, RpcBundleSource(self.rules, settings.service), playbook),
            ProposalFollower(bus, self.store, self.news.tell),
        )

    def _moved(self, steps: Sequence[Transition]) -> None:
        """Take what timers committed: it may be proposed, and may be to be done."""
        self.models.journeys.moved(steps)
        if any(step.effects for step in steps):
            self.errands.wake()
            self.news.tell()

    def _after_a_call(self) -> None:
        """Go on with the journey of a call, and bring its answer to the person's log."""
        self.timers.wake()
        self.errands.wake()

    def _catalogue_changed(self, offer_nos: Sequence[int]) -> None:
        self.obstacles.note(offer_nos)

    async def _hear(self) -> None:
        """Take events, once it is known of what they are and what they begin."""
        await asyncio.gather(self.models.catalogue.ready(), self.models.bundles.ready())
        await self.consumers["events"].run()

    async def _restock(self) -> None:
        """Look what is there again, once the catalogue is known."""
        await self.models.catalogue.ready()
        await self.restocking.run(self.database)

    async def _do_errands(self) -> None:
        """Send what is to be sent, once it is known which scenarios are in force."""
        await asyncio.gather(self.models.catalogue.ready(), self.models.bundles.ready())
        await self.errands.run()

    async def _work(self) -> None:
        """Bring timers forward, once it is known what can be proposed."""
        await asyncio.gather(self.models.catalogue.ready(), self.models.bundles.ready())
        await self.timers.run()


def _retention(
    store: JourneyStore, errands: Errands, clock: BusinessClock, days: int
) -> Background:
    async def forget_for_ever() -> None:
        while True:
            now_us = clock.now_us()
            await store.forget_over(now_us - days * _DAY_US)
            await errands.forget(now_us - days * _DAY_US)
            await store.forget_marks(now_us - _MARK_DAYS * _DAY_US)
            await store.forget_tallies(now_us - _TALLY_DAYS * _DAY_US)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever
