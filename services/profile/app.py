"""The composition root of the profile service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.profile.audiences.look import Look
from services.profile.audiences.memberships import Memberships
from services.profile.audiences.rpcs import Audiences
from services.profile.config import ProfileSettings
from services.profile.definitions import DefinitionsOf, compile_bundle, definitions_of
from services.profile.domain.audit import Sealer
from services.profile.exporting import ExportDesk
from services.profile.intake import Intake
from services.profile.persona_rpcs import PersonaTrainer
from services.profile.pusher import Pusher
from services.profile.question_desk import QuestionDesk
from services.profile.records import RecordReader
from services.profile.relationship_desk import RelationshipDesk
from services.profile.servicer import Means, ProfileServicer
from services.profile.stamping import Stamper
from services.profile.storage import MIGRATIONS, QUERIES
from services.profile.storage.answers import AnswerCounts
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.clients import PostgresClients
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
from services.profile.storage.streams import Streams
from services.profile.storage.transaction import PostgresTransactions
from services.profile.storage.upkeep import TierReader, Upkeep
from services.profile.storage.webhook_places import PostgresPlaces
from services.profile.transferring import Transfers
from services.profile.validation import VALIDATORS
from services.profile.watching import Watchers
from services.profile.webhook_means import defined_webhooks, means_of
from services.profile.webhooks import WebhookDesk
from shared.binding import Binding, DeadlineLimits, bind
from shared.bus import Bus, Relay
from shared.catalogue import Catalogue, CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower, RpcBundleSource
from shared.ids import uuid7
from shared.postgres import Database, migrate
from shared.privacy import FolderWrappingKeys
from shared.service import Runtime, Service
from touchpoint.profile.v1.profile_service_pb2 import DESCRIPTOR
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

DEADLINES: Mapping[str, DeadlineLimits] = {
    # A batch holds up to 1,000 events, and what is not acknowledged has to be sent again.
    "RecordEvents": DeadlineLimits(default_s=5.0, maximum_s=30.0),
    "ImportEvents": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "ImportCustomers": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "RestorePersons": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    "RestoreEvents": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    # A year of a whole shop is folded; what was committed before the deadline stays.
    "FinishImport": DeadlineLimits(default_s=600.0, maximum_s=3600.0),
    "ErasePerson": DeadlineLimits(default_s=30.0, maximum_s=120.0),
    # Everybody is looked at, or tens of thousands of them.
    "PreviewSegment": DeadlineLimits(default_s=120.0, maximum_s=600.0),
    "CompareSegment": DeadlineLimits(default_s=120.0, maximum_s=600.0),
    # A page of an owner's clients: the profiles of up to 500 people.
    "ListClients": DeadlineLimits(default_s=5.0, maximum_s=10.0),
    "ReplayParkedEvents": DeadlineLimits(default_s=10.0, maximum_s=30.0),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """The parts of the service that live as long as it does."""

    binding: Binding
    watchers: Watchers
    upkeep: Upkeep
    refolding: Refolding
    answers: AnswerCounts
    pusher: Pusher
    memberships: Memberships
    referrals: Referrals


def build(
    settings: ProfileSettings,
    database: Database,
    bus: Bus,
    catalogue: Catalogue,
    clock: BusinessClock,
    definitions: DefinitionsOf,
) -> Profile:
    """Put the service together on what a process, or a test, has opened."""
    keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping")
    keyring, tiers, watchers = Keyring(keys), TierReader(database), Watchers(bus)
    clients, streams = PostgresClients(database, keyring), Streams(database)
    stamper = Stamper(catalogue)
    answers = AnswerCounts(database)
    intake = Intake(
        stamper,
        settings.deployment_key,
        settings.phone_region,
        lambda: definitions("").questions,
    )
    exports = Exports(database, keyring, streams)
    sealer = Sealer(settings.deployment_key)
    trail = AuditTrail(database, sealer, clock.now_us)
    erasures = Erasures(database, keyring, sealer)
    store = PostgresTransactions(database, keyring, sealer)
    profiles = PostgresProfiles(database, keyring)
    everybody = Everybody(database, keyring)
    pushing = means_of(settings, database, keyring, catalogue, clock, streams, trail)
    webhooks = defined_webhooks(definitions)
    memberships = PostgresMemberships(database, streams)
    referrals = Referrals(database, store, clock)
    servicer = ProfileServicer(
        Means(
            store,
            profiles,
            intake,
            Imports(database),
            erasures,
            ParkedEvents(database),
            streams,
            tiers,
            watchers,
            Transfers(
                store,
                exports,
                RecordReader(intake, stamper),
                catalogue,
                tiers,
                clock,
                definitions,
                referrals,
            ),
            clock,
            definitions,
            Audiences(Look(everybody, tiers, clock), everybody, definitions, trail, memberships),
            RelationshipDesk(store, profiles, clients, tiers, clock),
            ExportDesk(PersonExport(database, keyring, trail), trail, profiles, tiers, clock),
            QuestionDesk(
                store,
                profiles,
                intake,
                catalogue,
                definitions,
                lambda: answers.answers,
                watchers,
                clock,
                lambda: uuid7(clock.now_us() // 1000),
            ),
            WebhookDesk(webhooks, PostgresPlaces(database), pushing.permissions, clock),
            PersonaTrainer(PostgresPersonas(database), lambda: tiers.tiers, clock.now_us),
            referrals,
        )
    )
    contract = DESCRIPTOR.services_by_name["ProfileService"]
    return Profile(
        bind(contract, servicer, validators=VALIDATORS, deadlines=DEADLINES),
        watchers,
        Upkeep(database, keys, keyring, tiers, clock, erasures),
        Refolding(database, store, clock),
        answers,
        Pusher(database, webhooks, pushing),
        Memberships(memberships, everybody, tiers, definitions, clock),
        referrals,
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
    source = RpcBundleSource(RulesServiceStub(runtime.channel("rules")), settings.service)
    bundles = BundleFollower(bus, source, compile_bundle)
    profile = build(
        settings, database, bus, catalogue.catalogue, runtime.clock, definitions_of(bundles)
    )
    relay = Relay(bus, database)
    await profile.watchers.listen()
    yield Service(
        name=settings.service,
        bindings=(profile.binding,),
        checks={"catalogue": catalogue.check_ready, "definitions": bundles.check},
        watched={"catalogue_lag": catalogue.check_lag, "relay": relay.check_lag},
        background={
            "catalogue": catalogue.run,
            "definitions": bundles.run,
            "relay": relay.run,
            "upkeep": profile.upkeep.lead,
            "own_upkeep": profile.upkeep.follow,
            "refolding": profile.refolding.lead,
            "answers": profile.answers.lead,
            "own_answers": profile.answers.follow,
            "webhooks": profile.pusher.lead,
            "memberships": partial(
                database.leadership.lead, "memberships", profile.memberships.follow_for_ever
            ),
            "referrals": profile.referrals.lead,
            "own_referrals": profile.referrals.follow,
        },
        warm_up=lambda: database.rehearse(lambda rehearsal: rehearsal.fetch(QUERIES.snapshot, [])),
    )
