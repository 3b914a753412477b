"""Puts together what looks for audiences, and tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.scenario.audiences.campaigning import Campaigns
from services.scenario.audiences.rpcs import Audiences
from services.scenario.audiences.valuing import Valuer
from services.scenario.audiences.weighing import Weigher
from services.scenario.definitions import Playbook
from services.scenario.desk.free_agents import FreeAgents
from services.scenario.domain.errand_store import ErrandStore
from services.scenario.errands.doing import Errands
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.definitions import BundleFollower

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub


def audiences_of(
    profile: ProfileServiceAsyncStub,
    rules: RulesServiceAsyncStub,
    ranker: RankerServiceAsyncStub,
    store: ErrandStore,
    errands: Errands,
    catalogue: Catalogue,
    bundles: BundleFollower[Playbook],
    clock: BusinessClock,
    free_agents: FreeAgents,
) -> Audiences:
    """Return what one replica looks with; messages go by the channels of its own errands."""
    weigher = Weigher(rules, Valuer(rules, ranker, bundles, clock, free_agents), bundles)
    campaigns = Campaigns(store, catalogue, bundles, clock, errands.channels, errands.wake)
    return Audiences(profile, weigher, campaigns, catalogue, bundles, clock)
