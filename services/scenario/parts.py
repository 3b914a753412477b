"""The parts of the scenario service, opened: what is kept, what is followed, what acts on that."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.scenario.audiences.setting_up import audiences_of
from services.scenario.config import ScenarioSettings
from services.scenario.crashing import CrashPoints
from services.scenario.definitions import Playbook, playbook
from services.scenario.desk.approaching import RulesApproaches
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.desk.ringing import ProfileNumbers
from services.scenario.desk.tasks import TaskDesk, TaskNews
from services.scenario.domain.transition import Transition
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
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.consumers import (
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.scenario.storage.counts import PostgresCounts
from services.scenario.storage.errands import PostgresErrands
from services.scenario.storage.following import ProposalFollower
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from services.scenario.storage.queue import PostgresQueue
from services.scenario.storage.taking_up import TakingUp
from services.scenario.unevaluated import UNEVALUATED
from shared.bus import Bus, EffectConsumer, Relay
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.ids import new_id
from shared.postgres import Database
from shared.privacy import FolderWrappingKeys
from shared.service import Runtime
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_PACE_S = 0.01
"""From one batch of what is told to the next: a stage is proposed as soon as it is entered."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The services that are asked."""

    profile: ProfileServiceAsyncStub
    rules: RulesServiceAsyncStub
    ranker: RankerServiceAsyncStub
    retrieval: RetrievalServiceAsyncStub
    aggregator: AggregatorServiceAsyncStub

    @classmethod
    def over(cls, runtime: Runtime) -> Peers:
        return cls(
            ProfileServiceStub(runtime.channel("profile")),
            RulesServiceStub(runtime.channel("rules")),
            RankerServiceStub(runtime.channel("ranker")),
            RetrievalServiceStub(runtime.channel("retrieval")),
            AggregatorServiceStub(runtime.channel("aggregator")),
        )


@dataclass(frozen=True, slots=True)
class Models:
    """What this replica keeps in memory of others' data and of its own journeys."""

    catalogue: CatalogueFollower
    bundles: BundleFollower[Playbook]
    journeys: ProposalFollower


class Parts:
    """What lives as long as the service; nothing is read yet."""

    def __init__(
        self, settings: ScenarioSettings, runtime: Runtime, database: Database, bus: Bus
    ) -> None:
        self.clock: BusinessClock = runtime.clock
        self.database = database
        self.peers = Peers.over(runtime)
        self.keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping-scenario")
        self.store = PostgresJourneys(database, Notes(self.keys))
        self.news = TaskNews()
        self.models = self._follow(settings, bus)
        self.people = ProfilePeople(self.peers.profile)
        self.reach = CrashPoints(settings.crash_at, settings.home / "run" / "crashed").reach
        self.free_agents = FreeAgents(PostgresQueue(database), self.clock)
        self.unevaluated = UnevaluatedKept(
            UNEVALUATED, PostgresCounts(database), self.clock, time.monotonic
        )
        self.timers = self._timers(settings)
        self.errands = self._errands(settings)
        catalogue, bundles = self.models.catalogue.catalogue, self.models.bundles
        proposals, wake = self.models.journeys.proposals, self.timers.wake
        self.obstacles = Obstacles(self.store, proposals, catalogue, bundles, self.clock, wake)
        self.restocking = Restocking(self.store, catalogue, self.clock, wake)
        self.bus = bus
        self.taking_up = TakingUp(
            database, self.peers.profile, bundles, catalogue, self.clock, wake
        )
        self.relay = Relay(bus, database, _PACE_S)
        self.consumers: Mapping[str, EffectConsumer] = {
            "events": events_consumer(bus, database, bundles, catalogue, self.clock, wake),
            "identities": identities_consumer(bus, database, self.clock, wake),
            "erasures": erasures_consumer(bus, database),
        }

    def servicer(self) -> ScenarioServicer:
        """Put together what answers the rpcs."""
        models = self.models
        catalogue, proposals = models.catalogue.catalogue, models.journeys.proposals
        due = DueActions(catalogue, models.bundles, proposals, self.free_agents)
        desk = TaskDesk(
            self.store,
            PostgresAgents(self.database),
            self.clock,
            RulesApproaches(self.peers.rules, self.people, self.clock),
            news=self.news,
            wake=self._after_a_call,
            reach=self.reach,
            numbers=ProfileNumbers(self.peers.profile),
        )
        errands = PostgresErrands(self.database)
        reports = ScenarioReports(PostgresCounts(self.database), models.bundles, self.clock)
        patterns = PatternSearch(self.peers.profile, catalogue, models.bundles, self.clock)
        queue = QueueReports(PostgresQueue(self.database), models.bundles, self.clock)
        audiences = audiences_of(
            self.peers.profile,
            self.peers.rules,
            self.peers.ranker,
            errands,
            self.errands,
            catalogue,
            models.bundles,
            self.clock,
            self.free_agents,
        )
        return ScenarioServicer(due, self.store, errands, desk, audiences, reports, queue, patterns)

    def _timers(self, settings: ScenarioSettings) -> Timers:
        return Timers(
            self.store,
            self._finder(),
            self.clock,
            owner=new_id(),
            lease_s=settings.lease_s,
            moved=self._moved,
            reach=self.reach,
        )

    def _finder(self) -> Finder:
        """Return what finds out what decides about a journey."""
        bundles, agents = self.models.bundles, self.free_agents
        return Finder(
            self.models.catalogue.catalogue,
            bundles,
            self.people,
            self.clock,
            Chooser(self.peers.retrieval, self.clock, lambda: bundles.active_hash),
            RulesDecisions(self.peers.rules),
            agents.calls_per_day,
            Calling(agents, lambda: self.errands.channels, RulesGates(self.peers.rules)),
        )

    def _errands(self, settings: ScenarioSettings) -> Errands:
        return errands_of(
            settings,
            self.database,
            self.peers.rules,
            self.peers.profile,
            self.peers.aggregator,
            self.models.catalogue.catalogue,
            self.models.bundles,
            self.clock,
            self.reach,
            self.timers.wake,
        )

    def _follow(self, settings: ScenarioSettings, bus: Bus) -> Models:
        return Models(
            CatalogueFollower(
                bus,
                self.peers.retrieval,
                service=settings.service,
                translations=True,
                on_change=self._catalogue_changed,
            ),
            BundleFollower(bus, RpcBundleSource(self.peers.rules, settings.service), playbook),
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
