"""A catalogue and definitions for scenarios, and a profile that says what a test tells it to."""

from __future__ import annotations

import asyncio

from services.scenario.definitions import playbook
from services.scenario.domain.carts import Cart
from services.scenario.domain.passage import needs_situation
from shared.catalogue import Catalogue
from shared.definitions.follower import NO_TRIAL
from shared.errors import Unavailable
from tests.unit.scenario.playing import ADA, CART, COME_BACK, abandoned_cart, facts
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.rules.v1 import rules_pb2

FREE_SHIPPING = 8
CALL_ME = 9
CHAT_NOW = 10


def bundle(*, with_abandoned_cart: bool = True, offers=("free_shipping", "come_back")):
    """Make both shipped scenarios."""
    made = rules_pb2.Bundle()
    hesitation = made.scenarios.add(scenario="checkout_hesitation")
    hesitation.when.hesitating = True
    hesitation.when.cart_above.amount = "20"
    stage = hesitation.stages.add(stage="reassure")
    stage.propose.offer = "free_shipping"
    stage.propose.placements.extend(["web.checkout", "web.cart"])
    stage.propose.lever = 4
    if with_abandoned_cart:
        made.scenarios.append(rules_pb2.Scenario.FromString(abandoned_cart().definition))
    for offer_id in offers:
        made.offers.add(offer_id=offer_id)
    return made


class OneBundle:
    """Definitions with one bundle, whatever the hash; it can be replaced."""

    is_ready = True
    trial = NO_TRIAL

    def __init__(self, made=None):
        self.replace(made or bundle())
        self._tried, self._people = None, ()

    def try_out(self, made, *people):
        """Put another one in force for these people, named by the oldest id of each."""
        self.trial = Trial(bundle_hash="tried", share=0.5)
        self._tried, self._people = playbook(made), people

    def for_person(self, oldest_id):
        return self._tried if oldest_id in self._people else self.active

    @property
    def in_force(self):
        return [self.active] if self._tried is None else [self.active, self._tried]

    def replace(self, made, bundle_hash="b"):
        self.active, self.active_hash = playbook(made), bundle_hash

    def of(self, bundle_hash):
        return self.active

    async def ready(self):
        return None


def rows(**changes):
    """Rows of the catalogue; `come_back={"withdrawn": True}` changes one."""
    items = {3: "Trail shoes", 4: "Wool socks"}
    for number, title in items.items():
        yield CatalogueRow(
            offer_no=number,
            offer_id=f"item-{number}",
            kind=OfferKind.PRODUCT,
            family_no=number,
            title=title,
            price_micros=50_000_000,
            currency="EUR",
        )
    for number, offer_id in ((COME_BACK, "come_back"), (FREE_SHIPPING, "free_shipping")):
        yield CatalogueRow(
            offer_no=number,
            offer_id=offer_id,
            kind=OfferKind.PROMOTION,
            is_defined=True,
            is_journey_only=True,
            **changes.get(offer_id, {}),
        )
    yield CatalogueRow(
        offer_no=CALL_ME,
        offer_id="call_me",
        kind=OfferKind.SERVICE,
        attributes={"type": "click_to_call"},
    )
    yield CatalogueRow(
        offer_no=CHAT_NOW,
        offer_id="chat_now",
        kind=OfferKind.SERVICE,
        attributes={"type": "chat"},
    )


def catalogue(**changes):
    made = Catalogue(translations=True)
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=list(rows(**changes))))
    return made


def snapshot(*, person_ids=(ADA,), hesitating: bool = False, cart: Cart = CART) -> PersonSnapshot:
    made = PersonSnapshot(person_ids=person_ids)
    made.session.hesitating = hesitating
    made.cart.offer_nos.extend(cart.offer_nos)
    made.cart.quantities.extend(cart.quantities)
    made.cart.value_micros = cart.value_micros
    return made


class Told:
    """A finder that says what it was told, and fails as often as it was told."""

    def __init__(self, found=None, failures: int = 0) -> None:
        self.found = found or facts()
        self.failures = failures
        self.asked = 0

    def at_once(self, claim):
        return None if needs_situation(claim.journey) else self.found

    async def about(self, claim):
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise Unavailable("profile does not answer")
        return self.found


class Approachable:
    """Contact limits of the test's own: persons are free but for those in `free_us`."""

    def __init__(self) -> None:
        self.free_us = {}
        """From when on somebody may be approached again."""
        self.reserved = {}
        """Contact id to persons."""
        self.failure = None
        self.hangs = False

    async def reserve(self, call, contact_id, person_ids):
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        if contact_id in self.reserved:
            return None
        waits = [self.free_us[each] for each in person_ids if each in self.free_us]
        if waits:
            return max(waits)
        self.reserved[contact_id] = tuple(person_ids)
        return None

    async def release(self, call, contact_id):
        self.reserved.pop(contact_id, None)
