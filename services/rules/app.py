"""The composition root of rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.rules.answer_counting import AnswerCounting
from services.rules.applying import Definitions
from services.rules.approaching import ContactTerms
from services.rules.attributes import OfferAttributes
from services.rules.check import Checker
from services.rules.commit import Committer
from services.rules.config import RulesSettings
from services.rules.counting import Counting
from services.rules.definitions import compile_policy
from services.rules.definitions.files import read_folder
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.promised_terms import TermsStore
from services.rules.domain.retention import Keep
from services.rules.domain.screening import Screens
from services.rules.failing import Failing
from services.rules.forgetting import Forgetting
from services.rules.judging import Judge
from services.rules.moment import channel_fields
from services.rules.pinning import sold_in
from services.rules.recorder import Recorder
from services.rules.results import Results
from services.rules.servicer import RulesServicer
from services.rules.simulating import Simulated, Simulations
from services.rules.spending import Spending, offers_taken_of
from services.rules.storage import MIGRATIONS
from services.rules.storage.catching_up import CatchingUp
from services.rules.storage.consumers import (
    calls_consumer,
    completed,
    erasures_consumer,
    events_consumer,
    identities_consumer,
)
from services.rules.storage.definitions import OwnBundleSource, PostgresDefinitions
from services.rules.storage.experiments import PostgresExperiments
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.recordings import PostgresRecordings
from services.rules.storage.rehearsal import rehearse_decision
from services.rules.storage.results import PostgresResults
from services.rules.storage.terms import PostgresTerms
from services.rules.taking_part import TakingPart
from services.rules.terms_keeping import KeptTerms
from services.rules.trying import house_of
from services.rules.validation import VALIDATORS
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import Bus, EffectConsumer, Relay
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.ids import new_id
from shared.postgres import Database, migrate
from shared.service import Runtime, Service
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_pb2 import Bundle
from touchpoint.rules.v1.rules_service_pb2 import DESCRIPTOR

_APPLYING = DeadlineLimits(default_s=15.0, maximum_s=30.0)
_RELAY_PACE_S = 0.2
"""Decisions are journalled and contacts confirmed within a second; nobody waits for them."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What lives as long as the service."""

    database: Database
    bus: Bus
    catalogue: CatalogueFollower
    bundles: BundleFollower[CompiledBundle]
    definitions: PostgresDefinitions
    ledger: PostgresLedger
    terms: ContactTerms
    results: PostgresResults
    counting: Counting
    recorder: Recorder
    spending: Spending
    failing: Failing
    kept_terms: KeptTerms


@asynccontextmanager
async def open_service(settings: RulesSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open rules on its schema, applying the shipped definitions if there were none."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    follower, attributes, screens, kept_terms = _followed(
        settings, runtime, bus, PostgresTerms(database)
    )
    await kept_terms.load()
    store, ledger = PostgresDefinitions(database), PostgresLedger(database)
    source = OwnBundleSource(store, settings.service, new_id())
    bundles = BundleFollower(bus, source, partial(_compiled, screens), aside=True)
    experiments = PostgresExperiments(database)
    definitions = Definitions(
        store,
        bus,
        bundles,
        runtime.clock,
        experiments,
        sold_in(follower.catalogue),
        partial(offers_taken_of, ledger, follower.catalogue),
    )
    await definitions.ship(read_folder(settings.definitions))
    await bundles.look()
    catalogue = follower.catalogue
    results = PostgresResults(database)
    counting = Counting(results)
    recordings = PostgresRecordings(database)
    recorder = Recorder(recordings)
    spending = Spending(ledger, catalogue, runtime.clock, house_of(bundles))
    simulated = Simulated(
        definitions,
        store,
        bundles,
        recordings,
        ledger,
        catalogue,
        Judge(catalogue, attributes, spending),
        RankerServiceStub(runtime.channel("ranker")),
        runtime.clock,
    )
    told = Results(results, counting, store, runtime.clock)
    servicer = RulesServicer(
        Checker(Judge(catalogue, attributes, spending, screens), bundles, ledger, kept_terms),
        Committer(
            catalogue, attributes, bundles, ledger, counting, recorder, TakingPart(experiments)
        ),
        ledger,
        definitions,
        store,
        bundles,
        runtime.clock,
        catalogue,
        attributes,
        told,
        spending,
        Simulations(simulated),
        kept_terms,
    )
    terms = ContactTerms(catalogue, attributes)
    parts = _Parts(
        database,
        bus,
        follower,
        bundles,
        store,
        ledger,
        terms,
        results,
        counting,
        recorder,
        spending,
        told.failing,
        kept_terms,
    )
    yield _service(settings.service, runtime, parts, servicer)


def _followed(
    settings: RulesSettings, runtime: Runtime, bus: Bus, terms: TermsStore
) -> tuple[CatalogueFollower, OfferAttributes, Screens, KeptTerms]:
    """Return the catalogue with what is made of it, which is told what changes there."""
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
    kept_terms = KeptTerms(terms, follower.catalogue, runtime.clock)
    return follower, attributes, screens, kept_terms


def _compiled(screens: Screens, bundle: Bundle) -> CompiledBundle:
    """Make a bundle ready with all that its first request would wait for."""
    compiled = compile_policy(bundle)
    screens.prepare(compiled.policy)
    return compiled


def _service(name: str, runtime: Runtime, parts: _Parts, servicer: RulesServicer) -> Service:
    """Return what is served, looked after and kept running."""
    database, bus, clock = parts.database, parts.bus, runtime.clock
    relay = Relay(bus, database, pace_s=_RELAY_PACE_S)
    number_of = parts.catalogue.catalogue.offer_no
    complete = partial(completed, terms_of=parts.terms.of, number_of=number_of)
    consumers = {
        "events": events_consumer(bus, database, complete),
        "calls": calls_consumer(bus, database),
        "identities": identities_consumer(bus, database),
        "erasures": erasures_consumer(bus, database),
    }
    profile = ProfileServiceStub(runtime.channel("profile"))
    catching_up = CatchingUp(
        database, profile, complete, partial(_imported_since_us, parts.bundles, clock)
    )
    forgetting = Forgetting(
        parts.ledger,
        parts.results,
        PostgresTerms(database),
        parts.definitions,
        parts.bundles,
        runtime.clock,
    )
    ranker = RankerServiceStub(runtime.channel("ranker"))
    answers = AnswerCounting(parts.results, parts.ledger, parts.definitions, ranker)
    return Service(
        name=name,
        bindings=(_bound(servicer),),
        checks={"catalogue": parts.catalogue.check_ready, "definitions": parts.bundles.check},
        watched={
            "catalogue_lag": parts.catalogue.check_lag,
            "relay": relay.check_lag,
            "rules": parts.failing.check,
            **{name: consumer.check_lag for name, consumer in consumers.items()},
        },
        background={
            "catalogue": parts.catalogue.run,
            "definitions": parts.bundles.run,
            "relay": relay.run,
            **{name: consumer.run for name, consumer in consumers.items()},
            "events": partial(_after_catalogue, parts, consumers["events"]),
            "catching_up": partial(_catch_up, parts, catching_up),
            "retention": forgetting.run,
            "results": parts.counting.run,
            "recordings": parts.recorder.run,
            "answers": lambda: answers.run(database.leadership),
            "spending": parts.spending.run,
            "terms": parts.kept_terms.run,
        },
        warm_up=lambda: database.rehearse(rehearse_decision),
    )


async def _after_catalogue(parts: _Parts, consumer: EffectConsumer) -> None:
    """Take events once it is known how the contacts with each offer count."""
    await parts.catalogue.ready()
    await consumer.run()


async def _catch_up(parts: _Parts, catching_up: CatchingUp) -> None:
    """Catch up from then on, every minute and after each import."""
    await catching_up.listen(parts.bus)
    await parts.catalogue.ready()
    await parts.bundles.ready()
    await catching_up.run()


def _imported_since_us(bundles: BundleFollower[CompiledBundle], clock: BusinessClock) -> int:
    """Return from when on messages that are told of after the fact may count in a window."""
    windows = (bundle.policy.contacts.longest_window_us for bundle in bundles.in_force)
    return clock.now_us() - max((Keep.IMPORTED_CONTACT_US, *windows))


def _bound(servicer: RulesServicer) -> Binding:
    """Bind the contract; to apply definitions takes longer than to decide by them."""
    contract = DESCRIPTOR.services_by_name["RulesService"]
    slow = (
        "ApplyDefinitions",
        "RollbackDefinitions",
        "CheckDefinitions",
        "CompareDefinitions",
        "TrySegment",
    )
    deadlines = dict.fromkeys(slow, _APPLYING)
    return bind(contract, servicer, validators=VALIDATORS, deadlines=deadlines)
