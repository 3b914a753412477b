"""The parts of rules, opened: what is kept, what is followed, and what works on that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.rules.applying import Definitions
from services.rules.attributes import OfferAttributes
from services.rules.check import Checker
from services.rules.commit import Committer
from services.rules.config import RulesSettings
from services.rules.counting import Counting
from services.rules.definitions import compile_policy
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.screening import Screens
from services.rules.judging import Judge
from services.rules.moment import channel_fields
from services.rules.pinning import sold_in
from services.rules.recorder import Recorder
from services.rules.results import Results
from services.rules.servicer import RulesServicer
from services.rules.simulating import Simulated, Simulations
from services.rules.spending import Spending, offers_taken_of
from services.rules.storage.definitions import OwnBundleSource, PostgresDefinitions
from services.rules.storage.experiments import PostgresExperiments
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.recordings import PostgresRecordings
from services.rules.storage.results import PostgresResults
from services.rules.storage.terms import PostgresTerms
from services.rules.storage.unconfirmed import PostgresAnswers
from services.rules.taking_part import TakingPart
from services.rules.terms_keeping import KeptTerms
from services.rules.trying import house_of
from shared.bus import Bus
from shared.catalogue import Catalogue
from shared.catalogue.follower import CatalogueFollower
from shared.definitions import BundleFollower
from shared.ids import new_id
from shared.postgres import Database
from shared.service import Runtime
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle


@dataclass(frozen=True, slots=True)
class Stores:
    """What is kept on the schema."""

    definitions: PostgresDefinitions
    experiments: PostgresExperiments
    ledger: PostgresLedger
    recordings: PostgresRecordings
    results: PostgresResults
    terms: PostgresTerms
    unconfirmed: PostgresAnswers

    @classmethod
    def on(cls, database: Database) -> Stores:
        return cls(
            PostgresDefinitions(database),
            PostgresExperiments(database),
            PostgresLedger(database),
            PostgresRecordings(database),
            PostgresResults(database),
            PostgresTerms(database),
            PostgresAnswers(database),
        )


@dataclass(frozen=True, slots=True)
class Followed:
    """The catalogue with what is made of it, which is told what changes there."""

    follower: CatalogueFollower
    attributes: OfferAttributes
    screens: Screens
    kept_terms: KeptTerms

    @property
    def catalogue(self) -> Catalogue:
        """As it is on this replica."""
        return self.follower.catalogue


@dataclass(frozen=True, slots=True)
class Parts:
    """What lives as long as the service."""

    database: Database
    bus: Bus
    stores: Stores
    followed: Followed
    bundles: BundleFollower[CompiledBundle]
    definitions: Definitions
    results: Results
    counting: Counting
    recorder: Recorder
    spending: Spending


def open_parts(settings: RulesSettings, runtime: Runtime, database: Database, bus: Bus) -> Parts:
    """Put the parts together; nothing is read yet."""
    stores, clock = Stores.on(database), runtime.clock
    followed = _follow(settings, runtime, bus, stores)
    source = OwnBundleSource(stores.definitions, settings.service, new_id())
    bundles = BundleFollower(bus, source, partial(_compiled, followed.screens), aside=True)
    counting = Counting(stores.results)
    return Parts(
        database,
        bus,
        stores,
        followed,
        bundles,
        Definitions(
            stores.definitions,
            bus,
            bundles,
            clock,
            stores.experiments,
            sold_in(followed.catalogue),
            partial(offers_taken_of, stores.ledger, followed.catalogue),
        ),
        Results(stores.results, counting, stores.definitions, clock),
        counting,
        Recorder(stores.recordings),
        Spending(stores.ledger, followed.catalogue, clock, house_of(bundles)),
    )


def _follow(settings: RulesSettings, runtime: Runtime, bus: Bus, stores: Stores) -> Followed:
    attributes = OfferAttributes()

    def changed(offer_nos: Sequence[int]) -> None:
        attributes.forget(offer_nos)
        screens.note(offer_nos)
        kept_terms.note(offer_nos)

    follower = CatalogueFollower(
        bus,
        RetrievalServiceStub(runtime.channel("retrieval")),
        service=settings.service,
        details=True,
        on_change=changed,
    )
    attributes.catalogue = follower.catalogue
    screens = Screens(follower.catalogue, channel_fields)
    kept_terms = KeptTerms(stores.terms, follower.catalogue, runtime.clock)
    return Followed(follower, attributes, screens, kept_terms)


def _compiled(screens: Screens, bundle: Bundle) -> CompiledBundle:
    """Make a bundle ready with all that its first request would wait for."""
    compiled = compile_policy(bundle)
    screens.prepare(compiled.policy)
    return compiled


def open_servicer(runtime: Runtime, parts: Parts) -> RulesServicer:
    """Put together what answers the rpcs."""
    stores, followed, bundles = parts.stores, parts.followed, parts.bundles
    catalogue, attributes = followed.catalogue, followed.attributes
    judge = Judge(catalogue, attributes, parts.spending, followed.screens)
    return RulesServicer(
        Checker(judge, bundles, stores.ledger, followed.kept_terms),
        Committer(
            catalogue,
            attributes,
            bundles,
            stores.ledger,
            parts.counting,
            parts.recorder,
            TakingPart(stores.experiments),
        ),
        stores.ledger,
        parts.definitions,
        stores.definitions,
        bundles,
        runtime.clock,
        catalogue,
        attributes,
        parts.results,
        parts.spending,
        Simulations(_simulated(runtime, parts)),
        followed.kept_terms,
        stores.unconfirmed,
    )


def _simulated(runtime: Runtime, parts: Parts) -> Simulated:
    stores, followed = parts.stores, parts.followed
    return Simulated(
        parts.definitions,
        stores.definitions,
        parts.bundles,
        stores.recordings,
        stores.ledger,
        followed.catalogue,
        Judge(followed.catalogue, followed.attributes, parts.spending),
        RankerServiceStub(runtime.channel("ranker")),
        runtime.clock,
    )
