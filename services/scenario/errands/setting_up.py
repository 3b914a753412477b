"""Puts together what messages leave the house with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from services.scenario.carriers import carriages_of
from services.scenario.carriers.telephony import OutboxTelephony, Telephony, WebhookTelephony
from services.scenario.config import ScenarioSettings
from services.scenario.crashing import Reach
from services.scenario.definitions import Playbook
from services.scenario.desk.ringing import ProfileNumbers, Ringer
from services.scenario.errands.doing import Errands
from services.scenario.errands.logbook import ProfileLogbook
from services.scenario.messages.composing import Links, TemplateComposer
from services.scenario.messages.permitting import RulesPermits
from services.scenario.messages.sending import Sender
from services.scenario.messages.stationery import Stationery
from services.scenario.people import ProfilePeople
from services.scenario.storage.errands import PostgresErrands
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.ids import new_id
from shared.postgres import Database
from shared.setting_types import Mode
from shared.unsubscribing import Unsubscribing
from shared.webhooks import Poster

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub


def errands_of(
    settings: ScenarioSettings,
    database: Database,
    rules: RulesServiceAsyncStub,
    profile: ProfileServiceAsyncStub,
    edge: AggregatorServiceAsyncStub,
    catalogue: Catalogue,
    bundles: BundleFollower[Playbook],
    clock: BusinessClock,
    reach: Reach,
    on_news: Callable[[], None],
) -> Errands:
    """Return the worker of a replica, on what its process has opened."""
    store = PostgresErrands(database)
    links = Links(settings.unsubscribe_link, Unsubscribing(settings.deployment_key))

    def stationery_for(person_id: str) -> Stationery:
        return bundles.for_person(person_id).stationery

    composer = TemplateComposer(stationery_for, profile, edge, store, catalogue, links, clock)
    carriages = carriages_of(
        settings.message_gateways,
        settings.message_secrets,
        outbox=settings.home if settings.mode is Mode.DEVELOPMENT else None,
        now_us=clock.now_us,
        mail_server=settings.mail_server,
    )

    def in_force(person_id: str, scenario: str) -> bool:
        playbook = bundles.for_person(person_id).for_person(person_id, clock.now_us())
        return scenario in playbook.scenarios

    permits = RulesPermits(rules, ProfilePeople(profile), clock)
    sender = Sender(store, composer, carriages, permits, clock, reach, in_force)
    logbook = ProfileLogbook(profile)
    ringer = Ringer(store, _telephony_of(settings, clock), clock, ProfileNumbers(profile))
    owner = new_id()
    return Errands(
        store, sender, logbook, catalogue, clock, owner=owner, on_news=on_news, ringer=ringer
    )


def _telephony_of(settings: ScenarioSettings, clock: BusinessClock) -> Mapping[str, Telephony]:
    """Return who is told of who asked for an agent, by kind of task.

    The webhook that was named, else in development the outbox of a home.
    """
    found: dict[str, Telephony] = {}
    for kind, address in settings.asked_for_urls.items():
        if address is not None:
            found[kind] = WebhookTelephony(Poster(), address, settings.message_secrets[kind])
        elif settings.mode is Mode.DEVELOPMENT:
            found[kind] = OutboxTelephony(settings.home, clock.now_us)
    return found
