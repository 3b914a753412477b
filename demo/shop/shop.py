"""Puts the whole story shop together."""

from __future__ import annotations

from datetime import date

from demo.shop import story
from demo.shop.items import make_items
from demo.shop.life import live, pass_by
from demo.shop.market import Market
from demo.shop.model import Shop
from demo.shop.offers import make_offers
from demo.shop.people import make_people, make_visitors
from demo.shop.tastes import Assortment

PEOPLE = 500
VISITORS = 1_500


def make_shop(seed: int, today: date) -> Shop:
    """Make the shop with its last sixty days, ending before today begins in UTC.

    The same seed and day make the same shop; takes about two seconds.
    """
    items = make_items(seed, today, keep_in_stock=story.ITEMS)
    market = Market.of(items, seed)
    offers = make_offers(today)
    assortment = Assortment.of(items)
    people = make_people(seed, PEOPLE - len(story.PEOPLE), assortment)
    events = story.tell(today, market.by_id)
    for person in people:
        events += live(person, market, offers, today, seed)
    for cookie, taste in make_visitors(seed, VISITORS, assortment):
        events += pass_by(cookie, taste, market, offers, today, seed)
    events.sort(key=lambda event: event.at)
    return Shop(
        seed=seed,
        today=today,
        items=items,
        offers=offers,
        customers=tuple(p.customer for p in story.PEOPLE) + tuple(p.customer for p in people),
        events=tuple(events),
        tastes={person.customer.customer_id: person.taste for person in people},
    )
