"""A small shop for journeys: few items, each for a purpose, so that every answer can be told."""

from __future__ import annotations

from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer


def _item(item_id, title, category, price, variant_of="", **attributes):
    return Item(
        item_id=item_id,
        title=title,
        category=category,
        brand=title.split()[0],
        price=Money(amount=str(price), currency="USD"),
        cost=Money(amount=str(round(price * 0.6, 2)), currency="USD"),
        stock=50,
        variant_of=variant_of,
        attributes=attributes,
    )


SHOE, SHOE_IN_BLUE = "shoe-red", "shoe-blue"
LAMP = "lamp"
PCS = [f"pc-{number}" for number in range(1, 6)]
BIKES = [(number, f"bike-{number}") for number in range(1, 5)]
FREE_SHIPPING, SHOE_PROMOTION, DVD_PROMOTION = (
    "free-shipping",
    "ten-off-shoes",
    "three-dvds-for-two",
)

ITEMS = [
    _item(LAMP, "Glow Desk Lamp", "Home > Lamps", 40),
    _item(SHOE, "Aero Runner, red", "Sport > Running > Shoes", 90, colour="red"),
    _item(SHOE_IN_BLUE, "Aero Runner, blue", "Sport > Running > Shoes", 90, SHOE, colour="blue"),
    *(
        _item(pc, f"Vento Desktop {700 + n}", "Electronics > PCs", 650 + n)
        for n, pc in enumerate(PCS)
    ),
    *(_item(f"tv-{n}", f"Lumen TV {40 + n}", "Electronics > TVs", 900 + n) for n in range(4)),
    *(_item(bike, f"Tourer Bike {n}", "Sport > Cycling > Bikes", 480 + n) for n, bike in BIKES),
    *(
        _item(
            f"dvd-{n}", f"Classic Film {n}", "Media > DVDs", 12 + n, goes_with="Electronics > TVs"
        )
        for n in range(6)
    ),
    *(_item(f"tin-{n}", f"Crumb Baking Tin {n}", "Home > Bakeware", 15 + n) for n in range(4)),
]

OFFERS = [
    Offer(
        offer_id=FREE_SHIPPING,
        kind=OfferKind.PROMOTION,
        title="Free shipping today",
        value=Money(amount="8", currency="USD"),
    ),
    Offer(
        offer_id=SHOE_PROMOTION,
        kind=OfferKind.PROMOTION,
        title="10% off the Aero Runner",
        about_items=[SHOE],
        value=Money(amount="9", currency="USD"),
    ),
    Offer(
        offer_id=DVD_PROMOTION,
        kind=OfferKind.PROMOTION,
        title="Three films for two",
        about_categories=["Media > DVDs"],
        value=Money(amount="6", currency="USD"),
    ),
]

FOR_MEMBERS, CALL = "for-members", "call-me"
OFFERS += [
    Offer(
        offer_id=FOR_MEMBERS,
        kind=OfferKind.PROMOTION,
        title="Films at half price with our card",
        about_categories=["Media > DVDs"],
        value=Money(amount="5", currency="USD"),
        attributes={"members_only": "true"},
    ),
    Offer(
        offer_id=CALL,
        kind=OfferKind.SERVICE,
        title="Talk to an adviser now",
        about_categories=["Electronics > TVs"],
        value=Money(amount="9", currency="USD"),
        attributes={"type": "click_to_call"},
    ),
]

NEAR_EVERY_OFFER = [SHOE, "dvd-0", "tv-0"]
"""Items that, when they are in view, bring every offer of the shop near."""
