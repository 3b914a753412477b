"""The parts of the ranker, opened: what it follows, what it keeps, and what works on that."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.ranker.boosting_rpcs import Boosting
from services.ranker.calibrating import Calibrating
from services.ranker.config import RankerSettings
from services.ranker.definitions import RankingDefinitions, compile_bundle
from services.ranker.experimenting import Experimenter
from services.ranker.hindsight import Hindsight
from services.ranker.history import HistoryTrainer
from services.ranker.journalling import RankingKeeper
from services.ranker.kept import Kept, Reports
from services.ranker.lookups import definitions_of, facts_of, seen_when_decided
from services.ranker.measuring import Measurer
from services.ranker.policies import Policies
from services.ranker.replaying import Past, Replayer
from services.ranker.reverting import RevertRpcs
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
from services.ranker.storage.rankings import PostgresRankings
from services.ranker.storage.replica import ModelReplica
from services.ranker.storage.reverting import PostgresReverts
from services.ranker.storage.snapshots import PostgresPointers, Snapshots
from shared.artefacts import FolderArtefacts
from shared.bus import Bus, EffectConsumer
from shared.catalogue.follower import CatalogueFollower
from shared.definitions import BundleFollower, BundleSource, RpcBundleSource
from shared.postgres import Database
from shared.service import Runtime
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Followed:
    """What others own and this replica follows."""

    rules: RulesServiceAsyncStub
    catalogue: CatalogueFollower
    source: BundleSource
    bundles: BundleFollower[RankingDefinitions]


@dataclass(frozen=True, slots=True)
class Learned:
    """What is kept of decisions and answers, and what was learned of them."""

    journal: PostgresJournal
    log: PostgresLearningLog
    rankings: PostgresRankings
    snapshots: Snapshots
    replica: ModelReplica
    boosters: Boosters
    boosting: Boosting


def follow(settings: RankerSettings, runtime: Runtime, bus: Bus) -> Followed:
    """Follow the catalogue and the definitions; nothing is read yet."""
    rules = RulesServiceStub(runtime.channel("rules"))
    source = RpcBundleSource(rules, settings.service)
    retrieval = RetrievalServiceStub(runtime.channel("retrieval"))
    catalogue = CatalogueFollower(bus, retrieval, service=settings.service)
    return Followed(rules, catalogue, source, BundleFollower(bus, source, compile_bundle))


def open_learned(
    settings: RankerSettings, runtime: Runtime, database: Database, bus: Bus
) -> Learned:
    """Open what is kept on the schema and in the home of the service."""
    log, folder = PostgresLearningLog(database), settings.home / "artefacts"
    pointers = PostgresPointers(database)
    models = FolderArtefacts(folder / settings.service)
    snapshots = Snapshots(pointers, models, runtime.clock.now_us)
    trees = FolderArtefacts(folder / f"{settings.service}_boosters")
    boosters = Boosters(PostgresBoosterPointers(database), trees)
    return Learned(
        PostgresJournal(database),
        log,
        PostgresRankings(database),
        snapshots,
        ModelReplica(bus, log, snapshots),
        boosters,
        Boosting(log, BoosterReplica(bus, boosters), _machine_us),
    )


def open_consumers(
    settings: RankerSettings, runtime: Runtime, database: Database, bus: Bus, followed: Followed
) -> dict[str, EffectConsumer]:
    """Open what takes the events that are learned from, by name."""
    catalogue = followed.catalogue.catalogue
    learning = Learning(
        LearningWriter(facts_of(catalogue), settings.teaching_terms),
        seen_when_decided(followed.bundles),
        catalogue.offer_no,
        runtime.clock.now_us,
    )
    return {
        "decisions": decisions_consumer(bus, database, learning),
        "answers": events_consumer(bus, database, learning),
        "identities": identities_consumer(bus, database, learning),
        "erasures": erasures_consumer(bus, database),
    }


def open_kept(
    settings: RankerSettings,
    runtime: Runtime,
    database: Database,
    followed: Followed,
    learned: Learned,
    hindsight: Hindsight,
) -> Kept:
    """Open what the rpcs work on."""
    catalogue, now_us = followed.catalogue.catalogue, runtime.clock.now_us
    replica, boosting = learned.replica, learned.boosting
    past, log = _past(followed, learned), PostgresHistoryLog(database)
    outcomes = PostgresOutcomes(database)
    return Kept(
        journal=learned.journal,
        log=learned.log,
        replica=replica,
        keeper=RankingKeeper(learned.rankings if settings.journal_input_days else None),
        replayer=Replayer(catalogue, past),
        policies=Policies(
            catalogue,
            past,
            outcomes,
            learned.snapshots,
            lambda: replica.model,
            now_us,
            lambda: boosting.replica.booster,
        ),
        reverting=RevertRpcs(PostgresReverts(database), catalogue, now_us),
        insights=PostgresInsights(database),
        boosting=boosting,
        calibrating=Calibrating(hindsight, boosting.replica),
        trainer=HistoryTrainer(
            catalogue, lambda: followed.bundles.active, lambda: replica.model, log
        ),
    )


def _past(followed: Followed, learned: Learned) -> Past:
    return Past(
        learned.journal,
        learned.rankings,
        PastModels(learned.log, learned.snapshots),
        definitions_of(followed.bundles, followed.source),
        learned.boosters,
    )


def open_reports(
    settings: RankerSettings, runtime: Runtime, database: Database, followed: Followed
) -> Reports:
    """Open what makes reports of decisions and events."""
    logs = MeasuredLogs(database, ProfileServiceStub(runtime.channel("profile")))
    sources = (logs, followed.catalogue.catalogue, followed.bundles, runtime.clock.now_us)
    experiments = partial(kept_experiments, followed.rules)
    return Reports(Measurer(*sources), Experimenter(*sources, experiments, settings.journal_days))


def _machine_us() -> int:
    return time.time_ns() // 1000
