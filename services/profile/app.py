"""The composition root of the profile service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from services.profile.audiences.memberships import Memberships
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
from services.profile.intake import Intake
from services.profile.parts import open_ground, open_means
from services.profile.pusher import Pusher
from services.profile.servicer import ProfileServicer
from services.profile.storage import MIGRATIONS, QUERIES
from services.profile.storage.answers import AnswerCounts
from services.profile.storage.contributions import Contributions
from services.profile.storage.memberships import PostgresMemberships
from services.profile.storage.referrals import Referrals
from services.profile.storage.refolding import Refolding
from services.profile.storage.upkeep import Upkeep
from services.profile.storage.webhook_places import PostgresPlaces
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
from shared.middleware.shedding import giving_way
from shared.postgres import Database, migrate
from shared.service import Background, Runtime, Service
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
    on = open_ground(settings, database, bus, catalogue, clock, definitions, for_all)
    answers, referrals = AnswerCounts(database), Referrals(database, clock)
    memberships = PostgresMemberships(database, on.streams)
    webhooks = defined_webhooks(definitions)
    pushing = means_of(settings, database, on.keyring, catalogue, clock, on.streams, on.trail)
    desk = WebhookDesk(webhooks, PostgresPlaces(database), pushing.permissions, clock)
    servicer = ProfileServicer(open_means(on, answers, memberships, referrals, desk, try_out))
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
            **_background(profile, database),
        },
        warm_up=lambda: database.rehearse(lambda rehearsal: rehearsal.fetch(QUERIES.snapshot, [])),
    )


def _background(profile: Profile, database: Database) -> dict[str, Background]:
    """Return what keeps the profiles and what is counted of them; leaders work for all replicas."""
    lead_memberships = partial(
        database.leadership.lead, "memberships", profile.memberships.follow_for_ever
    )
    return {
        "upkeep": profile.upkeep.lead,
        "own_upkeep": profile.upkeep.follow,
        "own_intake": profile.intake.forget_for_ever,
        "refolding": profile.refolding.lead,
        "answers": profile.answers.lead,
        "own_answers": profile.answers.follow,
        "webhooks": profile.pusher.lead,
        "memberships": lead_memberships,
        "referrals": profile.referrals.lead,
        "own_referrals": profile.referrals.follow,
        "contributions": profile.contributions.lead,
    }
