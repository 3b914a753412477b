"""Finds out what decides about a due journey: catalogue, definitions, and the person as they are.

Profile is asked outside of any transaction, with a deadline of its own; when it does not answer,
the journey is left alone for a while and nothing is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.scenario.definitions import Playbook
from services.scenario.domain.journey import Facts, Journey
from services.scenario.domain.passage import needs_situation
from services.scenario.domain.ports import Claim
from services.scenario.domain.scenario import Cart, Scenario
from shared.call import own_call
from shared.catalogue import Catalogue
from shared.client import invoke
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

_TIMEOUT_S = 1.0
_METHOD = "/touchpoint.profile.v1.ProfileService/GetSnapshot"


class Finder:
    """What is so at this moment, as this replica knows it."""

    def __init__(
        self,
        catalogue: Catalogue,
        bundles: BundleFollower[Playbook],
        profile: ProfileServiceAsyncStub,
        clock: BusinessClock,
    ) -> None:
        self._catalogue = catalogue
        self._bundles = bundles
        self._profile = profile
        self._clock = clock

    async def about(self, claim: Claim) -> Facts:
        """Return what decides about a journey; raises the kit's errors."""
        journey = claim.journey
        oldest_id = claim.oldest_id or journey.person_id
        if not needs_situation(journey):
            return self.at_hand(journey, oldest_id)
        snapshot = await self._snapshot(journey.person_id)
        cart = cart_of(snapshot)
        # Nobody known: erased, or told apart from whoever began it.
        holds = bool(snapshot.person_ids) and journey.scenario.when.holds(
            hesitating=snapshot.session.hesitating,
            cart=cart,
            at_home=self._playbook(oldest_id).at_home(self._catalogue),
        )
        return self._facts(journey.scenario, oldest_id, cart, holds)

    def at_hand(self, journey: Journey, oldest_id: str) -> Facts:
        """Return what is known without asking anybody."""
        return self._facts(journey.scenario, oldest_id, journey.cart, None)

    def _facts(self, scenario: Scenario, oldest_id: str, cart: Cart, holds: bool | None) -> Facts:
        """Return what is so by the definitions in force for a set of persons."""
        catalogue, now_us = self._catalogue, self._clock.now_us()
        playbook = self._playbook(oldest_id)
        offers: dict[str, int] = {}
        ends: dict[str, int] = {}
        for offer_id in {each for stage in scenario.stages for each in stage.offer_ids}:
            offer_no = catalogue.offer_no(offer_id)
            if is_to_be_had(catalogue, playbook, offer_no, now_us):
                offers[offer_id] = offer_no
                if catalogue.ends_us[offer_no]:
                    ends[offer_id] = int(catalogue.ends_us[offer_no])
        titles = {no: catalogue.titles[no] for no in cart.offer_nos if 0 < no < catalogue.size}
        return Facts(
            is_defined=scenario.name in playbook.scenarios,
            offers=offers,
            ends=ends,
            situation_holds=holds,
            cart=cart,
            titles=titles,
            currency=catalogue.only_currency or playbook.exchange.table(catalogue).base,
        )

    def _playbook(self, oldest_id: str) -> Playbook:
        now_us = self._clock.now_us()
        return self._bundles.for_person(oldest_id).for_person(oldest_id, now_us)

    async def _snapshot(self, person_id: str) -> PersonSnapshot:
        request = GetSnapshotRequest(person_id=person_id)
        call = own_call(_METHOD)
        response = await invoke(self._profile.GetSnapshot, request, call, _TIMEOUT_S)
        return PersonSnapshot.FromString(response.snapshot)


def cart_of(snapshot: PersonSnapshot) -> Cart:
    """Return the cart as profile knows it."""
    cart = snapshot.cart
    return Cart(tuple(cart.offer_nos), tuple(cart.quantities), cart.value_micros)


def is_to_be_had(catalogue: Catalogue, playbook: Playbook, offer_no: int, now_us: int) -> bool:
    """Say whether an offer can be proposed now: known, not withdrawn, in season, still defined."""
    if not 0 < offer_no < catalogue.size or not catalogue.kind[offer_no]:
        return False
    if catalogue.withdrawn[offer_no] or catalogue.starts_us[offer_no] > now_us:
        return False
    if 0 < catalogue.ends_us[offer_no] <= now_us:
        return False
    is_defined = bool(catalogue.is_defined[offer_no])
    return not is_defined or catalogue.offer_ids[offer_no] in playbook.offer_ids
