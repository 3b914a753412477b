"""The parts of profile, put together: what they stand on, and a desk for each matter."""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.audiences.look import Look
from services.profile.audiences.naming import Naming
from services.profile.audiences.people import PeopleStream
from services.profile.audiences.rpcs import Audiences
from services.profile.audiences.snapshots import SnapshotStream
from services.profile.audiences.trying import TryOut
from services.profile.config import ProfileSettings
from services.profile.definitions import DefinitionsOf, InForceOf
from services.profile.domain.audit import Sealer
from services.profile.exchanging import Exchanging
from services.profile.exporting import ExportDesk
from services.profile.intake import Intake
from services.profile.persona_rpcs import PersonaTrainer
from services.profile.question_desk import QuestionDesk
from services.profile.reaching import ReachDesk
from services.profile.recorder import Recorder
from services.profile.records import RecordReader
from services.profile.relationship_desk import RelationshipDesk
from services.profile.servicer import Means
from services.profile.stamping import Stamper
from services.profile.storage.addresses import Addresses
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
from services.profile.storage.sharing import who_shares
from services.profile.storage.streams import Streams
from services.profile.storage.transaction import PostgresTransactions
from services.profile.storage.upkeep import TierReader
from services.profile.transferring import Transfers
from services.profile.watching import Watchers
from services.profile.webhooks import WebhookDesk
from shared.bus import Bus
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.ids import uuid7
from shared.postgres import Database
from shared.privacy import FolderWrappingKeys


@dataclass(frozen=True, slots=True)
class Ground:
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


def open_ground(
    settings: ProfileSettings,
    database: Database,
    bus: Bus,
    catalogue: Catalogue,
    clock: BusinessClock,
    definitions: DefinitionsOf,
    in_force: InForceOf,
) -> Ground:
    """Put together what several parts stand on."""
    keys = FolderWrappingKeys(settings.home / "secrets" / "wrapping")
    keyring, sealer, stamper = Keyring(keys), Sealer(settings.deployment_key), Stamper(catalogue)
    store, watchers = PostgresTransactions(database, keyring, sealer), Watchers(bus)
    exchanging = Exchanging(catalogue, lambda: definitions("").exchange)
    return Ground(
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


def open_means(
    on: Ground,
    answers: AnswerCounts,
    memberships: PostgresMemberships,
    referrals: Referrals,
    webhooks: WebhookDesk,
    try_out: TryOut,
) -> Means:
    """Return what the servicer stands on: a desk for each of its matters."""
    database, keyring, clock, tiers = on.database, on.keyring, on.clock, on.tiers
    exports, clients = _export_desk(on), PostgresClients(database, keyring)
    return Means(
        transactions=on.store,
        recorder=on.recorder,
        profiles=on.profiles,
        intake=on.intake,
        imports=Imports(database),
        erasures=on.erasures,
        parked=ParkedEvents(database),
        streams=on.streams,
        tiers=tiers,
        watchers=on.watchers,
        transfers=_transfers(on, referrals),
        clock=clock,
        definitions=on.definitions,
        in_force=on.in_force,
        audiences=_audiences(on, memberships, try_out),
        relationships=RelationshipDesk(on.store, on.profiles, clients, tiers, clock),
        exports=exports,
        questions=_question_desk(on, answers),
        webhooks=webhooks,
        personas=PersonaTrainer(PostgresPersonas(database), lambda: tiers.tiers, clock.now_us),
        referrals=referrals,
        reaching=ReachDesk(on.profiles, Addresses(database, keyring), exports, clock),
    )


def _export_desk(on: Ground) -> ExportDesk:
    exported = PersonExport(on.database, on.keyring, on.trail)
    return ExportDesk(exported, on.trail, on.profiles, on.tiers, on.clock)


def _transfers(on: Ground, referrals: Referrals) -> Transfers:
    return Transfers(
        on.store,
        Exports(on.database, on.keyring, on.streams),
        RecordReader(on.intake, on.stamper),
        on.catalogue,
        on.tiers,
        on.clock,
        on.in_force,
        referrals,
    )


def _audiences(on: Ground, memberships: PostgresMemberships, try_out: TryOut) -> Audiences:
    database, clock = on.database, on.clock
    naming = Naming(
        on.everybody,
        on.trail,
        on.intake.identity,
        lambda persons: who_shares(database, persons, clock.now_us()),
    )
    return Audiences(
        Look(on.everybody, on.tiers, clock),
        on.everybody,
        on.definitions,
        on.trail,
        memberships,
        PeopleStream(on.everybody, clock),
        naming,
        SnapshotStream(on.everybody, on.tiers, clock, on.in_force),
        try_out,
    )


def _question_desk(on: Ground, answers: AnswerCounts) -> QuestionDesk:
    clock = on.clock
    return QuestionDesk(
        on.recorder,
        on.profiles,
        on.intake,
        on.catalogue,
        on.definitions,
        lambda: answers.answers,
        clock,
        lambda: uuid7(clock.now_us() // 1000),
    )
