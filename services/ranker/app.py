"""The composition root of the ranker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.ranker.config import RankerSettings
from services.ranker.domain.journal import Journal
from services.ranker.domain.priors import Prior, PriorTable
from services.ranker.servicer import RankerServicer
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.consumers import decisions_consumer, erasures_consumer
from services.ranker.storage.journal import PostgresJournal
from services.ranker.validation import VALIDATORS
from shared.binding import bind
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, CompileError, RpcBundleSource
from shared.postgres import migrate
from shared.service import Background, Runtime, Service
from touchpoint.ranker.v1.ranker_service_pb2 import DESCRIPTOR
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

_DAY_US = 86_400_000_000
_FORGET_EVERY_S = 3600.0


@asynccontextmanager
async def open_service(settings: RankerSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the ranker on its schema, its catalogue and its definitions."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    catalogue = CatalogueFollower(
        bus, RetrievalServiceStub(runtime.channel("retrieval")), service=settings.service
    )
    bundles = BundleFollower(
        bus,
        RpcBundleSource(RulesServiceStub(runtime.channel("rules")), settings.service),
        prior_table,
    )
    journal = PostgresJournal(database)
    decisions, erasures = decisions_consumer(bus, database), erasures_consumer(bus, database)
    contract = DESCRIPTOR.services_by_name["RankerService"]
    servicer = RankerServicer(catalogue.catalogue, bundles, journal)
    yield Service(
        name=settings.service,
        bindings=(bind(contract, servicer, validators=VALIDATORS),),
        checks={"catalogue": catalogue.check_ready, "definitions": bundles.check},
        watched={
            "catalogue_lag": catalogue.check_lag,
            "decisions": decisions.check_lag,
            "erasures": erasures.check_lag,
        },
        answers_without_postgres=True,
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "decisions": decisions.run,
            "erasures": erasures.run,
            "retention": _retention(journal, runtime.clock, settings.journal_days),
        },
    )


def prior_table(bundle: Bundle) -> PriorTable:
    """Compile the ranker's part of a bundle."""
    try:
        return PriorTable(
            Prior(prior.kind, prior.source, prior.probability) for prior in bundle.priors
        )
    except ValueError as error:
        raise CompileError(str(error)) from error


def _retention(journal: Journal, clock: BusinessClock, days: int) -> Background:
    async def forget_for_ever() -> None:
        while True:
            await journal.forget_before(clock.now_us() - days * _DAY_US)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever
