"""Puts together what messages leave the house with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.scenario.carriers import carriages_of
from services.scenario.config import ScenarioSettings
from services.scenario.crashing import Reach
from services.scenario.definitions import Playbook
from services.scenario.domain.outbound import Composer
from services.scenario.errands import Errands
from services.scenario.logbook import ProfileLogbook
from services.scenario.no_templates import NoTemplates
from services.scenario.permitting import RulesPermits
from services.scenario.sending import Sender
from services.scenario.storage.errands import PostgresErrands
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.ids import new_id
from shared.postgres import Database
from shared.setting_types import Mode

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub


def errands_of(
    settings: ScenarioSettings,
    database: Database,
    rules: RulesServiceAsyncStub,
    profile: ProfileServiceAsyncStub,
    catalogue: Catalogue,
    bundles: BundleFollower[Playbook],
    clock: BusinessClock,
    reach: Reach,
    on_news: Callable[[], None],
) -> Errands:
    """Return the worker of a replica, on what its process has opened."""
    store = PostgresErrands(database)
    composer: Composer = NoTemplates()
    carriages = carriages_of(
        settings.message_gateways,
        settings.message_secrets,
        outbox=settings.home if settings.mode is Mode.DEVELOPMENT else None,
        now_us=clock.now_us,
    )

    def in_force(person_id: str, scenario: str) -> bool:
        playbook = bundles.for_person(person_id).for_person(person_id, clock.now_us())
        return scenario in playbook.scenarios

    permits = RulesPermits(rules, profile, clock)
    sender = Sender(store, composer, carriages, permits, clock, reach, in_force)
    logbook = ProfileLogbook(profile)
    return Errands(store, sender, logbook, catalogue, clock, owner=new_id(), on_news=on_news)
