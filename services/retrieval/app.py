"""The composition root of retrieval."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.retrieval.config import RetrievalSettings
from services.retrieval.definitions import DefinedOffers, Definitions
from services.retrieval.domain.query import CandidateSource
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sources.also_bought import AlsoBought
from services.retrieval.domain.sources.buy_again import BuyAgain
from services.retrieval.domain.sources.for_you import ForYou
from services.retrieval.domain.sources.in_session import InSession
from services.retrieval.domain.sources.near_offers import NearOffers
from services.retrieval.domain.sources.people_like_you import PeopleLikeYou
from services.retrieval.domain.sources.popular import Popular
from services.retrieval.domain.sources.similar import Similar
from services.retrieval.learned import compose
from services.retrieval.moment import MomentReader
from services.retrieval.servicer import RetrievalServicer, Writing
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.popularity import PopularityFeed
from services.retrieval.storage.replica import CatalogueReplica
from services.retrieval.validation import VALIDATORS
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import Relay
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower, RpcBundleSource
from shared.postgres import migrate
from shared.service import Background, Runtime, Service
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import DESCRIPTOR
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

QUOTAS: dict[int, float] = {
    Source.BUY_AGAIN: 3.0,
    Source.IN_SESSION: 4.0,
    Source.FOR_YOU: 4.0,
    Source.ALSO_BOUGHT: 3.0,
    Source.PEOPLE_LIKE_YOU: 2.0,
    Source.SIMILAR: 2.0,
    Source.OFFER: 2.0,
    Source.POPULAR: 3.0,
}
"""Sources by precedence, the most personal first, with how many each puts up in turn."""

_WRITING = DeadlineLimits(default_s=10.0, maximum_s=30.0)


@asynccontextmanager
async def open_service(settings: RetrievalSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open retrieval on its schema.

    It is ready without any other service, because all others wait for its catalogue: what is
    popular and the definitions come later, and health does not wait for them.
    """
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus, now_us = await runtime.bus(), runtime.clock.now_us
    store = PostgresCatalogue(database)
    replica = CatalogueReplica(bus, store)
    profile = ProfileServiceStub(runtime.channel("profile"))
    feed = PopularityFeed(bus, profile, now_us)
    learned = compose(settings, database, bus, profile, replica.catalogue, now_us, feed.forget)
    shelves = Shelves(
        replica.catalogue, replica.sizes, lambda: feed.popularity, now_us, learned.model
    )
    replica.on_change, feed.on_recount = shelves.rows_changed, shelves.popularity_changed
    learned.replica.on_change = shelves.model_changed
    rules = RpcBundleSource(RulesServiceStub(runtime.channel("rules")), settings.service)
    defined = DefinedOffers(rules, store, settings.currency, replica.catch_up)
    bundles: BundleFollower[Definitions] = BundleFollower(bus, defined, defined.compile)
    relay = Relay(bus, database)
    servicer = RetrievalServicer(
        Writing(store, replica, settings.currency),
        Retriever(replica.catalogue, sources(replica.catalogue), QUOTAS),
        MomentReader(replica.catalogue, replica.sizes, shelves, learned.model),
        bundles,
        learned.learning,
        catalogue_version=lambda: replica.catalogue.version,
        now_us=now_us,
        forget=learned.forget,
    )
    yield Service(
        name=settings.service,
        bindings=(_bound(servicer),),
        checks={"catalogue": replica.check_ready, "shelves": shelves.check},
        watched={
            "catalogue_lag": replica.check_lag,
            "popularity": feed.check_lag,
            "relay": relay.check_lag,
            **learned.watched,
        },
        answers_without_postgres=True,
        background={
            "catalogue": replica.run,
            "shelves": _stacking(replica, shelves),
            "definitions": bundles.run,
            "popularity": feed.run,
            "relay": relay.run,
            **learned.background,
        },
    )


def _bound(servicer: RetrievalServicer) -> Binding:
    contract = DESCRIPTOR.services_by_name["RetrievalService"]
    deadlines = dict.fromkeys(("UpsertItems", "UpsertOffers", "ErasePerson"), _WRITING)
    return bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines)


def sources(catalogue: Catalogue) -> dict[int, CandidateSource]:
    """Return every source of candidates by its number."""
    return {
        Source.BUY_AGAIN: BuyAgain(catalogue),
        Source.IN_SESSION: InSession(catalogue),
        Source.FOR_YOU: ForYou(),
        Source.ALSO_BOUGHT: AlsoBought(catalogue),
        Source.PEOPLE_LIKE_YOU: PeopleLikeYou(),
        Source.SIMILAR: Similar(catalogue),
        Source.OFFER: NearOffers(catalogue),
        Source.POPULAR: Popular(catalogue),
    }


def _stacking(replica: CatalogueReplica, shelves: Shelves) -> Background:
    async def stack_for_ever() -> None:
        await replica.ready()
        await shelves.run()

    return stack_for_ever
