"""The composition root of the profile service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.profile.audiences.look import Look
from services.profile.audiences.memberships import Memberships
from services.profile.audiences.naming import Naming
from services.profile.audiences.people import PeopleStream
from services.profile.audiences.rpcs import Audiences
from services.profile.audiences.snapshots import SnapshotStream
from services.profile.audiences.trying import TryOut, accept, tried_by
from services.profile.config import ProfileSettings
from services.profile.deadlines import DEADLINES
from services.profile.definitions import (
    DefinitionsOf,
    InForce,
    InForceOf,
    compile_bundle,
    definitions_of,
    in_force_of,
)
from services.profile.domain.audit import Sealer
from services.profile.exchanging import Exchanging
from services.profile.exporting import ExportDesk
from services.profile.intake import Intake
from services.profile.persona_rpcs import PersonaTrainer
from services.profile.pusher import Pusher
from services.profile.question_desk import QuestionDesk
from services.profile.reaching import ReachDesk
from services.profile.recorder import Recorder
from services.profile.records import RecordReader
from services.profile.relationship_desk import RelationshipDesk
from services.profile.servicer import Means, ProfileServicer
from services.profile.stamping import Stamper
from services.profile.storage import MIGRATIONS, QUERIES
from services.profile.storage.addresses import Addresses
from services.profile.storage.answers import AnswerCounts
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.clients import PostgresClients
from services.profile.storage.contributions import Contributions
from services.profile.storage.erasing import Erasures
from services.profile.storage.everybody import Everybody
from services.profile.storage.export import PersonExport
from services.profile.storage.exports import Exports
from services.profile.storage.history import Imports
from services.profile.storage.keyring import Keyring
from services.profile.storage.memberships import PostgresMemberships
from services.profile.storage.parked import ParkedEvents
from services.profile.storage.personas import PostgresPersonas
from services.profile.storage.profiles import PostgresProfiles
from services.profile.storage.referrals import Referrals
from services.profile.storage.refolding import Refolding
from services.profile.storage.sharing import who_shares
from services.profile.storage.streams import Streams
from services.profile.storage.transaction import PostgresTransactions
from services.profile.storage.upkeep import TierReader, Upkeep
from services.profile.storage.webhook_places import PostgresPlaces
from services.profile.transferring import Transfers
from services.profile.validation import VALIDATORS
from services.profile.watching import Watchers
from services.profile.webhook_means import defined_webhooks, means_of
from services.profile.webhooks import WebhookDesk
from shared.binding import Binding, bind
from shared.bus import Bus, Relay
from shared.catalogue import Catalogue
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.ids import uuid7
from shared.middleware.shedding import giving_way
from shared.postgres import Database, migrate
from shared.privacy import FolderWrappingKeys
from shared.service import Runtime, Service
from touchpoint.profile.v1.profile_service_pb2 import DESCRIPTOR
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub


@dataclass(frozen=True, slots=True)
class Profile:
    """The parts of the service that live as long as it does."""

    binding: Binding
    intake: Intake
    watchers: Watchers
    upkeep: Upkeep
    refolding: Refolding
    answers: AnswerCounts
    pusher: Pusher
    memberships: Memberships
    referrals: Referrals
    contributions: Contributions


@dataclass(frozen=True, slots=True)
class _Ground:
    """What several parts stand on."""

    database: Database
    catalogue: Catalogue
    clock: BusinessClock
    definitions: DefinitionsOf
    in_force: InForceOf
    watchers: Watchers
    keys: FolderWrappingKeys
    keyring: Keyring
    tiers: TierReader
    streams: Streams
    everybody: Everybody
    store: PostgresTransactions
    recorder: Recorder
    profiles: PostgresProfiles
    trail: AuditTrail
    erasures: Erasures
    stamper: Stamper
    intake: Intake


def build(
    settings: ProfileSettings,
    database: Database,
    bus: Bus,
    catalogue: Catalogue,
    clock: BusinessClock,
    definitions: DefinitionsOf,
    in_force: InForceOf | None = None,
    try_out: TryOut = accept,
) -> Profile:
    """Put the service together on what a process, or a test, has opened.

    Without `in_force` what is active is so for everybody; without `try_out` no condition is tried.
    """
    for_all = in_force or (lambda: InForce(definitions("")))
    on = _ground(settings, database, bus, catalogue, clock, definitions, for_all)
    answers, referrals = AnswerCounts(database), Referrals(database, clock)
    memberships = PostgresMemberships(database, on.streams)
    webhooks = defined_webhooks(definitions)
    pushing = means_of(settings, database, on.keyring, catalogue, clock, on.streams, on.trail)
    desk = WebhookDesk(webhooks, PostgresPlaces(database), pushing.permissions, clock)
    servicer = ProfileServicer(_means(on, answers, memberships, referrals, desk, try_out))
    contract = DESCRIPTOR.services_by_name["ProfileService"]
    return Profile(
        bind(contract, servicer, validators=VALIDATORS, deadlines=DEADLINES),
        on.intake,
        on.watchers,
        Upkeep(database, on.keys, on.keyring, on.tiers, clock, on.erasures),
        Refolding(database, on.store, clock),
        answers,
        Pusher(database, webhooks, pushing),
        Memberships(memberships, on.everybody, on.tiers, on.in_force, clock),
        referrals,
        Contributions(database, clock),
    )


def _ground(
    settings: ProfileSettings,
    database: Database,
    bus: Bus,
    catalogue: Catalogue,
    clock: BusinessClock,
    definitions: DefinitionsOf,
    in_force: InForceOf,
) -> _Ground:
    keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping")
    keyring, sealer, stamper = Keyring(keys), Sealer(settings.deployment_key), Stamper(catalogue)
    store, watchers = PostgresTransactions(database, keyring, sealer), Watchers(bus)
    exchanging = Exchanging(catalogue, lambda: definitions("").exchange)
    return _Ground(
        database,
        catalogue,
        clock,
        definitions,
        in_force,
        watchers,
        keys,
        keyring,
        TierReader(database),
        Streams(database),
        Everybody(database, keyring),
        store,
        Recorder(store, watchers, lambda: uuid7(clock.now_us() // 1000)),
        PostgresProfiles(database, keyring),
        AuditTrail(database, sealer, clock.now_us),
        Erasures(database, keyring, sealer),
        stamper,
        Intake(
            stamper,
            settings.deployment_key,
            settings.phone_region,
            lambda: definitions("").questions,
            exchanging,
        ),
    )


def _means(
    on: _Ground,
    answers: AnswerCounts,
    memberships: PostgresMemberships,
    referrals: Referrals,
    webhooks: WebhookDesk,
    try_out: TryOut,
) -> Means:
    """Return what the servicer stands on: a desk for each of its matters."""
    database, keyring, clock, tiers = on.database, on.keyring, on.clock, on.tiers
    exports, reader = Exports(database, keyring, on.streams), RecordReader(on.intake, on.stamper)
    look, clients = Look(on.everybody, tiers, clock), PostgresClients(database, keyring)
    exporting = ExportDesk(
        PersonExport(database, keyring, on.trail), on.trail, on.profiles, tiers, clock
    )
    return Means(
        on.store,
        on.recorder,
        on.profiles,
        on.intake,
        Imports(database),
        on.erasures,
        ParkedEvents(database),
        on.streams,
        tiers,
        on.watchers,
        Transfers(on.store, exports, reader, on.catalogue, tiers, clock, on.in_force, referrals),
        clock,
        on.definitions,
        on.in_force,
        Audiences(
            look,
            on.everybody,
            on.definitions,
            on.trail,
            memberships,
            PeopleStream(on.everybody, clock),
            Naming(
                on.everybody,
                on.trail,
                on.intake.identity,
                lambda persons: who_shares(database, persons, clock.now_us()),
            ),
            SnapshotStream(on.everybody, tiers, clock, on.in_force),
            try_out,
        ),
        RelationshipDesk(on.store, on.profiles, clients, tiers, clock),
        exporting,
        QuestionDesk(
            on.recorder,
            on.profiles,
            on.intake,
            on.catalogue,
            on.definitions,
            lambda: answers.answers,
            clock,
            lambda: uuid7(clock.now_us() // 1000),
        ),
        webhooks,
        PersonaTrainer(PostgresPersonas(database), lambda: tiers.tiers, clock.now_us),
        referrals,
        ReachDesk(on.profiles, Addresses(database, keyring), exporting, clock),
    )


@asynccontextmanager
async def open_service(settings: ProfileSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema, its keys and the catalogue."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    catalogue = CatalogueFollower(
        bus,
        RetrievalServiceStub(runtime.channel("retrieval")),
        service=settings.service,
        variants=True,
    )
    rules = RulesServiceStub(runtime.channel("rules"))
    source = RpcBundleSource(rules, settings.service)
    bundles = BundleFollower(bus, source, compile_bundle)
    profile = build(
        settings,
        database,
        bus,
        catalogue.catalogue,
        runtime.clock,
        definitions_of(bundles),
        in_force_of(bundles),
        tried_by(rules),
    )
    relay = Relay(bus, database)
    await profile.watchers.listen()
    yield Service(
        name=settings.service,
        bindings=(profile.binding,),
        prioritise=giving_way("ImportEvents", "ImportCustomers", "RestorePersons", "RestoreEvents"),
        checks={"catalogue": catalogue.check_ready, "definitions": bundles.check},
        watched={
            "catalogue_lag": catalogue.check_lag,
            "relay": relay.check_lag,
            "currencies": profile.intake.exchanging.rates_known(),
        },
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "relay": relay.run,
            "upkeep": profile.upkeep.lead,
            "own_upkeep": profile.upkeep.follow,
            "own_intake": profile.intake.forget_for_ever,
            "refolding": profile.refolding.lead,
            "answers": profile.answers.lead,
            "own_answers": profile.answers.follow,
            "webhooks": profile.pusher.lead,
            "memberships": partial(
                database.leadership.lead, "memberships", profile.memberships.follow_for_ever
            ),
            "referrals": profile.referrals.lead,
            "own_referrals": profile.referrals.follow,
            "contributions": profile.contributions.lead,
        },
        warm_up=lambda: database.rehearse(lambda rehearsal: rehearsal.fetch(QUERIES.snapshot, [])),
    )
