"""The composition root of the ranker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from services.ranker.booster_watch import BoosterWatch
from services.ranker.boosting_rpcs import Boosting
from services.ranker.calibrating import Calibrating
from services.ranker.config import RankerSettings
from services.ranker.definitions import RankingDefinitions, compile_bundle
from services.ranker.domain.answers import OfferFacts
from services.ranker.experimenting import Experimenter
from services.ranker.hindsight import Hindsight
from services.ranker.history import HistoryTrainer
from services.ranker.insights import note_for_ever
from services.ranker.journalling import RankingKeeper
from services.ranker.measuring import Measurer
from services.ranker.policies import Policies
from services.ranker.replaying import FetchDefinitions, Past, Replayer
from services.ranker.reverting import RevertRpcs
from services.ranker.servicer import Kept, RankerServicer, Reports
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.booster_replica import BoosterReplica
from services.ranker.storage.boosters import Boosters, PostgresBoosterPointers
from services.ranker.storage.consumers import (
    Learning,
    decisions_consumer,
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.ranker.storage.history import PostgresHistoryLog
from services.ranker.storage.insight import PostgresInsights
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.kept_experiments import kept_experiments
from services.ranker.storage.learning import LearningWriter
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.measured import MeasuredLogs
from services.ranker.storage.outcomes import PostgresOutcomes
from services.ranker.storage.past_models import PastModels
from services.ranker.storage.rankings import PostgresRankings, make_days
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.reverting import PostgresReverts
from services.ranker.storage.snapshots import PostgresPointers, Snapshots
from services.ranker.validation import VALIDATORS
from shared.artefacts import FolderArtefacts
from shared.binding import DeadlineLimits, bind
from shared.bus import EffectConsumer, Relay
from shared.catalogue import Catalogue, CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, BundleSource, RpcBundleSource
from shared.errors import Unavailable
from shared.postgres import Database, migrate
from shared.service import Background, HealthCheck, Runtime, Service
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2 import DESCRIPTOR
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_DAY_US = 86_400_000_000
_FORGET_EVERY_S = 3600.0
_MAKE_EVERY_S = 60.0
_PARK_EVERY_S = 5.0
_REVERTING = DeadlineLimits(default_s=60.0, maximum_s=600.0)
_COMPARING = DeadlineLimits(default_s=600.0, maximum_s=3600.0)


@asynccontextmanager
async def open_service(settings: RankerSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the ranker on its schema, its catalogue and its definitions."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    catalogue = CatalogueFollower(
        bus, RetrievalServiceStub(runtime.channel("retrieval")), service=settings.service
    )
    rules = RulesServiceStub(runtime.channel("rules"))
    source = RpcBundleSource(rules, settings.service)
    bundles = BundleFollower(bus, source, compile_bundle)
    journal, log = PostgresJournal(database), PostgresLearningLog(database)
    rankings = PostgresRankings(database)
    keeper = RankingKeeper(rankings if settings.journal_input_days else None)
    artefacts = FolderArtefacts(settings.home / "artefacts" / settings.service)
    snapshots = Snapshots(PostgresPointers(database), artefacts, runtime.clock.now_us)
    replica = ModelReplica(bus, log, snapshots)
    trees = FolderArtefacts(settings.home / "artefacts" / f"{settings.service}_boosters")
    boosters = Boosters(PostgresBoosterPointers(database), trees)
    boosting = Boosting(log, BoosterReplica(bus, boosters), _machine_us)
    hindsight = Hindsight(log, snapshots, runtime.clock.now_us)
    watch = BoosterWatch(hindsight, boosting.replica)
    models = PastModels(log, snapshots)
    past = Past(journal, rankings, models, definitions_of(bundles, source), boosters)
    learning = Learning(
        LearningWriter(facts_of(catalogue.catalogue), settings.teaching_terms),
        seen_when_decided(bundles),
        catalogue.catalogue.offer_no,
        runtime.clock.now_us,
    )
    consumers = {
        "decisions": decisions_consumer(bus, database, learning),
        "answers": events_consumer(bus, database, learning),
        "identities": identities_consumer(bus, database, learning),
        "erasures": erasures_consumer(bus, database),
    }
    relay = Relay(bus, database)
    reverting = RevertRpcs(PostgresReverts(database), catalogue.catalogue, runtime.clock.now_us)
    insights = PostgresInsights(database)
    policies = Policies(
        catalogue.catalogue,
        past,
        PostgresOutcomes(database),
        snapshots,
        lambda: replica.model,
        runtime.clock.now_us,
        lambda: boosting.replica.booster,
    )
    replayer = Replayer(catalogue.catalogue, past)
    trainer = HistoryTrainer(
        catalogue.catalogue,
        lambda: bundles.active,
        lambda: replica.model,
        PostgresHistoryLog(database),
    )
    kept = Kept(
        journal,
        log,
        replica,
        keeper,
        replayer,
        policies,
        reverting,
        insights,
        boosting,
        Calibrating(hindsight, boosting.replica),
        trainer,
    )
    logs = MeasuredLogs(database, ProfileServiceStub(runtime.channel("profile")))
    sources = (logs, catalogue.catalogue, bundles, runtime.clock.now_us)
    experimenter = Experimenter(*sources, partial(kept_experiments, rules), settings.journal_days)
    reports = Reports(Measurer(*sources), experimenter)
    servicer = RankerServicer(catalogue.catalogue, bundles, kept, reports)
    contract = DESCRIPTOR.services_by_name["RankerService"]
    deadlines = dict.fromkeys(("RevertLearning", "UndoRevert"), _REVERTING)
    deadlines["ServeBooster"] = _COMPARING
    loaded = partial(_loaded, catalogue, bundles)
    yield Service(
        name=settings.service,
        bindings=(bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines),),
        checks={
            "catalogue": catalogue.check_ready,
            "definitions": bundles.check,
            "model": replica.check_ready,
            "booster": boosting.replica.check_ready,
        },
        watched={
            "catalogue_lag": catalogue.check_lag,
            "model_lag": replica.check_lag,
            "model_features": replica.check_features,
            "booster_refused": boosting.replica.check,
            "booster_pays": boosting.replica.check_pays,
            "currencies": _rates_known(catalogue.catalogue, bundles),
            "relay": relay.check_lag,
            "journalling": keeper.check,
            **{name: consumer.check_lag for name, consumer in consumers.items()},
        },
        answers_without_postgres=True,
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "model": replica.run,
            "booster": boosting.replica.run,
            "booster_watch": partial(watch.watch_for_ever, database.leadership),
            "snapshots": partial(replica.save_for_ever, database.leadership),
            "relay": relay.run,
            **{name: _after(loaded, consumer) for name, consumer in consumers.items()},
            "parking": _parking(log, runtime.clock, settings.decision_patience_s),
            "journalling": keeper.run,
            "days": _days(database, runtime.clock),
            "retention": _retention(journal, log, runtime.clock, settings.journal_days),
            "ranked_retention": _forgetting(
                rankings.forget_before, runtime.clock, settings.journal_input_days
            ),
            "characteristics": partial(
                note_for_ever, kept.meetings, kept.insights, runtime.clock, settings.journal_days
            ),
        },
    )


def _machine_us() -> int:
    return time.time_ns() // 1000


def facts_of(catalogue: Catalogue) -> Callable[[int], OfferFacts]:
    """Return what looks an offer up in the catalogue of this replica."""

    def look(offer_no: int) -> OfferFacts:
        if not 0 < offer_no < catalogue.size:
            return OfferFacts(0, offer_no)
        return OfferFacts(
            int(catalogue.kind[offer_no]),
            int(catalogue.family_no[offer_no]) or offer_no,
            int(catalogue.ends_us[offer_no]),
        )

    return look


def seen_when_decided(
    bundles: BundleFollower[RankingDefinitions],
) -> Callable[[str], frozenset[str]]:
    """Return what tells, by bundle, the placements where a decision is seen at once."""

    def placements(bundle_hash: str) -> frozenset[str]:
        try:
            return bundles.of(bundle_hash).seen_when_decided
        except Unavailable:  # of an older bundle: placements hardly ever change their moment
            return bundles.active.seen_when_decided

    return placements


def _rates_known(catalogue: Catalogue, bundles: BundleFollower[RankingDefinitions]) -> HealthCheck:
    """Return what raises while amounts count as nothing because nobody knows their worth."""

    async def check() -> None:
        if bundles.active_hash and (unknown := bundles.active.exchange.without_rate(catalogue)):
            raise Unavailable(f"no rate of {', '.join(unknown)}: such values count as nothing")

    return check


async def _loaded(
    catalogue: CatalogueFollower, bundles: BundleFollower[RankingDefinitions]
) -> None:
    """Return once there is all that answers are judged by."""
    await catalogue.ready()
    await bundles.ready()


def _after(loaded: Background, consumer: EffectConsumer) -> Background:
    async def consume() -> None:
        await loaded()
        await consumer.run()

    return consume


def _parking(log: PostgresLearningLog, clock: BusinessClock, patience_s: float) -> Background:
    async def park_for_ever() -> None:
        while True:
            await log.park_late(clock.now_us(), patience_s)
            await asyncio.sleep(_PARK_EVERY_S)

    return park_for_ever


def definitions_of(
    bundles: BundleFollower[RankingDefinitions], source: BundleSource
) -> FetchDefinitions:
    """Return what finds definitions of now or, from their owner, of the past."""

    async def fetch(bundle_hash: str) -> RankingDefinitions:
        try:
            return bundles.of(bundle_hash)
        except Unavailable:
            return compile_bundle(await source.bundle(bundle_hash))

    return fetch


def _days(database: Database, clock: BusinessClock) -> Background:
    """Make the tables of the days to come, also when the clock was moved."""

    async def make_for_ever() -> None:
        while True:
            await make_days(database, clock.now_us())
            await asyncio.sleep(_MAKE_EVERY_S)

    return make_for_ever


def _forgetting(
    forget_before: Callable[[int], Awaitable[object]], clock: BusinessClock, days: int
) -> Background:
    async def forget_for_ever() -> None:
        while True:
            await forget_before(clock.now_us() - days * _DAY_US)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever


def _retention(
    journal: PostgresJournal, log: PostgresLearningLog, clock: BusinessClock, days: int
) -> Background:
    async def forget_for_ever() -> None:
        while True:
            oldest_us = clock.now_us() - days * _DAY_US
            await journal.forget_before(oldest_us)
            await log.forget_before(oldest_us)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever
