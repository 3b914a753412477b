"""A catalogue of 199 offers and a person with a past, made so that every shipped rule applies."""

from __future__ import annotations

import numpy as np

from services.rules.domain.person import Declines, Dislikes, PersonFacts, Purchases
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

NOW_US = 1_795_262_400_000_000
DAY_US = 86_400_000_000
SURVEYS = (196, 198)
FREE_SHIPPING, CALL, CHAT = 190, 192, 194
ABOUT_SOLD_OUT, SOLD_OUT = 193, (133, 134, 135)
ATTRIBUTES = {
    185: {"price_led": "true"},
    187: {"members_only": "true"},
    188: {"personal": "true"},
    FREE_SHIPPING: {"type": "free_shipping"},
    CALL: {"type": "click_to_call"},
    CHAT: {"type": "chat"},
    SURVEYS[1]: {"type": "cart_survey"},
}
_PRODUCTS = 150


def shop() -> Catalogue:
    """Return products 1 to 150, every third with two variants after it, then other offers."""
    made = Catalogue()
    rows = [_product(no) if no <= _PRODUCTS else _other(no) for no in range(1, 200)]
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


def _product(no: int) -> CatalogueRow:
    return CatalogueRow(
        offer_no=no,
        offer_id=f"item-{no}",
        kind=OfferKind.PRODUCT,
        family_no=no - (no - 1) % 3,
        category=f"Shop > Aisle {no % 7} > Shelf {no % 5}",
        brand=f"brand {no % 11}",
        stock=0 if no in SOLD_OUT else no % 4 - 1,
        min_age=18 if no % 10 == 0 else 0,
        starts_us=NOW_US + DAY_US if no % 13 == 0 else 0,
        ends_us=NOW_US - DAY_US if no % 17 == 0 else 0,
        withdrawn=no % 19 == 0,
        is_consumable=no % 12 < 3,
        channels=[Channel.WEB] if no % 2 else [Channel.EMAIL],
    )


def _other(no: int) -> CatalogueRow:
    about = SOLD_OUT if no == ABOUT_SOLD_OUT else [no - 150, no - 148] if no % 2 else []
    return CatalogueRow(
        offer_no=no,
        offer_id=f"offer-{no}",
        kind=_kind(no),
        stock=-1,
        needs_consent="newsletter" if no % 4 == 0 else "",
        about_nos=about,
        about_categories=[] if about else [f"Shop > Aisle {no % 7}"],
        attributes=ATTRIBUTES.get(no, {}),
    )


def _kind(no: int) -> OfferKind.Value.ValueType:
    if no in SURVEYS:
        return OfferKind.SURVEY
    if no in {CALL, CHAT}:
        return OfferKind.SERVICE
    return OfferKind.PROMOTION if no % 3 else OfferKind.CONTENT


def shopper() -> PersonFacts:
    """Return a person who bought, declined and disliked."""
    families = np.arange(1, 60, 3)
    count = len(families)
    return PersonFacts(
        Purchases(
            families,
            [NOW_US // 60_000_000 - 1440 * (place % 9) for place in range(count)],
            [place % 5 for place in range(count)],
            [7.0 * (place % 2) for place in range(count)],
        ),
        Declines(
            np.array([61, 64, 67, 70, 160]),
            [NOW_US - DAY_US * days for days in (1, 29, 30, 31, 2)],
        ),
        Dislikes(np.array([73]), ["Shop > Aisle 3", "Nowhere"], ["brand 4", "no brand"]),
        np.array([100]),
        SURVEYS[:1],
        dict.fromkeys(SURVEYS, NOW_US - DAY_US),
    )
