"""The composition root of the ranker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from services.ranker.booster_watch import BoosterWatch
from services.ranker.config import RankerSettings
from services.ranker.hindsight import Hindsight
from services.ranker.insights import note_for_ever
from services.ranker.kept import Kept
from services.ranker.lookups import rates_known
from services.ranker.parts import (
    Followed,
    Learned,
    follow,
    open_consumers,
    open_kept,
    open_learned,
    open_reports,
)
from services.ranker.servicer import RankerServicer
from services.ranker.storage import MIGRATIONS
from services.ranker.upkeep import after, forgetting, loaded, make_days_ahead, parking, retention
from services.ranker.validation import VALIDATORS
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import EffectConsumer, Relay
from shared.postgres import Database, migrate
from shared.service import Background, HealthCheck, Runtime, Service
from touchpoint.ranker.v1.ranker_service_pb2 import DESCRIPTOR

_REVERTING = DeadlineLimits(default_s=60.0, maximum_s=600.0)
_COMPARING = DeadlineLimits(default_s=600.0, maximum_s=3600.0)


@asynccontextmanager
async def open_service(settings: RankerSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the ranker on its schema, its catalogue and its definitions."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    followed = follow(settings, runtime, bus)
    learned = open_learned(settings, runtime, database, bus)
    consumers = open_consumers(settings, runtime, database, bus, followed)
    hindsight = Hindsight(learned.log, learned.snapshots, runtime.clock.now_us)
    kept = open_kept(settings, runtime, database, followed, learned, hindsight)
    relay = Relay(bus, database)
    reports = open_reports(settings, runtime, database, followed)
    servicer = RankerServicer(followed.catalogue.catalogue, followed.bundles, kept, reports)
    yield Service(
        name=settings.service,
        bindings=(_bound(servicer),),
        checks={
            "catalogue": followed.catalogue.check_ready,
            "definitions": followed.bundles.check,
            "model": kept.replica.check_ready,
            "booster": kept.boosting.replica.check_ready,
        },
        watched=_watched(followed, kept, relay, consumers),
        answers_without_postgres=True,
        background={
            **_following(followed, kept, relay, consumers),
            **_upkeep(settings, runtime, database, learned, kept, hindsight),
        },
    )


def _bound(servicer: RankerServicer) -> Binding:
    contract = DESCRIPTOR.services_by_name["RankerService"]
    deadlines = dict.fromkeys(("RevertLearning", "UndoRevert"), _REVERTING)
    deadlines["ServeBooster"] = _COMPARING
    return bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines)


def _watched(
    followed: Followed, kept: Kept, relay: Relay, consumers: Mapping[str, EffectConsumer]
) -> dict[str, HealthCheck]:
    """Return what health tells of without taking the service out."""
    return {
        "catalogue_lag": followed.catalogue.check_lag,
        "model_lag": kept.replica.check_lag,
        "model_features": kept.replica.check_features,
        "booster_refused": kept.boosting.replica.check,
        "booster_pays": kept.boosting.replica.check_pays,
        "currencies": rates_known(followed.catalogue.catalogue, followed.bundles),
        "relay": relay.check_lag,
        "journalling": kept.keeper.check,
        **{name: consumer.check_lag for name, consumer in consumers.items()},
    }


def _following(
    followed: Followed, kept: Kept, relay: Relay, consumers: Mapping[str, EffectConsumer]
) -> dict[str, Background]:
    """Return what keeps this replica level with the others."""
    is_loaded = partial(loaded, followed.catalogue, followed.bundles)
    return {
        "catalogue": followed.catalogue.run,
        "definitions": followed.bundles.run,
        "model": kept.replica.run,
        "booster": kept.boosting.replica.run,
        "relay": relay.run,
        **{name: after(is_loaded, consumer) for name, consumer in consumers.items()},
    }


def _upkeep(
    settings: RankerSettings,
    runtime: Runtime,
    database: Database,
    learned: Learned,
    kept: Kept,
    hindsight: Hindsight,
) -> dict[str, Background]:
    """Return what is written, saved and forgotten beside the requests."""
    clock, days = runtime.clock, settings.journal_days
    watch = BoosterWatch(hindsight, learned.boosting.replica)
    return {
        "booster_watch": partial(watch.watch_for_ever, database.leadership),
        "snapshots": partial(learned.replica.save_for_ever, database.leadership),
        "parking": parking(learned.log, clock, settings.decision_patience_s),
        "journalling": kept.keeper.run,
        "days": make_days_ahead(database, clock),
        "retention": retention(learned.journal, learned.log, clock, days),
        "ranked_retention": forgetting(
            learned.rankings.forget_before, clock, settings.journal_input_days
        ),
        "characteristics": partial(note_for_ever, kept.meetings, kept.insights, clock, days),
    }
