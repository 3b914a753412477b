"""What a race refuses gives way to the next best that is no contact."""

from __future__ import annotations

import numpy as np

from services.rules.domain.definitions import Placement
from services.rules.domain.drafts import WantedContact
from services.rules.domain.replacement import Offers, Slot, replace_refused, wanted_contacts
from shared.catalogue import Catalogue
from shared.slate import Refilling
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint

PRODUCT, PROMOTION = 1, 2
OFFERS = Offers(
    np.array([0, *[PRODUCT] * 3, *[0] * 7, *[PROMOTION] * 3], np.uint8), np.arange(14) == 13
)


def catalogue() -> Catalogue:
    """Return products of two brands: 1 and 2 of the one, 3 of the other; and promotions."""
    brands = {1: "Acme", 2: "Acme", 3: "Bolt"}
    rows = [
        CatalogueRow(offer_no=no, offer_id=f"o{no}", kind=PRODUCT, brand=brand, family_no=no)
        for no, brand in brands.items()
    ]
    rows += [CatalogueRow(offer_no=no, offer_id=f"o{no}", kind=PROMOTION) for no in range(11, 14)]
    found = Catalogue()
    found.apply(CatalogueBatch(version=1, rows=rows))
    return found


REFILL = Refilling(catalogue()).refill


def placement(name: str = "banner", *, one_contact: bool = False) -> Placement:
    kinds = frozenset({PRODUCT, PROMOTION})
    counting = kinds if one_contact else frozenset({PROMOTION})
    return Placement(name, 1, kinds, counting, one_contact, one_contact, frozenset())


def test_only_kinds_that_count_there_and_no_defaults_need_a_contact() -> None:
    slots = [Slot(placement(), [1, 11, 13], [])]
    assert wanted_contacts(slots, OFFERS) == (WantedContact(11, "banner", False),)


def test_what_the_catalogue_does_not_know_needs_no_contact() -> None:
    assert wanted_contacts([Slot(placement(), [7, 99], [])], OFFERS) == ()


def test_a_message_needs_one_contact_for_all_of_it() -> None:
    slots = [Slot(placement(one_contact=True), [1, 11], [])]
    assert wanted_contacts(slots, OFFERS) == (WantedContact(0, "banner", True),)
    assert wanted_contacts([Slot(placement(one_contact=True), [13], [])], OFFERS) == ()


def test_the_next_best_that_is_no_contact_takes_the_place_in_order() -> None:
    slot = Slot(placement(), [11, 1], [12, 2, 3])
    removed = replace_refused([slot], [WantedContact(11, "banner", False)], OFFERS, REFILL)
    assert removed == {"banner": [11]}
    assert (slot.chosen, slot.next, slot.replaced) == ([2, 1], [12, 3], {2})


def test_nothing_is_shown_twice_on_a_page() -> None:
    slots = [Slot(placement("one"), [11], [2, 3]), Slot(placement("two"), [12, 2], [3])]
    refused = [WantedContact(11, "one", False), WantedContact(12, "two", False)]
    replace_refused(slots, refused, OFFERS, REFILL)
    assert [slot.chosen for slot in slots] == [[3], [2]]


def test_a_refused_message_loses_all_that_made_it_a_contact() -> None:
    slot = Slot(placement(one_contact=True), [1, 13, 11], [2])
    removed = replace_refused([slot], [WantedContact(0, "banner", True)], OFFERS, REFILL)
    assert removed == {"banner": [1, 11]}
    assert slot.chosen == [13]


def test_what_fills_up_keeps_to_what_its_slate_must_keep_to() -> None:
    one_of_a_brand = SlateConstraint(placement="banner", attribute="BRAND", at_most=1)
    keeping = Refilling(catalogue(), [one_of_a_brand], [PlacementAsk(placement="banner", limit=2)])
    slot = Slot(placement(), [11, 1], [2, 3])
    replace_refused([slot], [WantedContact(11, "banner", False)], OFFERS, keeping.refill)
    assert slot.chosen == [3, 1]
