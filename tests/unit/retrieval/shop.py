"""A little shop to look for candidates in."""

from datetime import UTC, datetime, timedelta

import numpy as np

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.goods import Goods
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.query import Person, Query, Visit
from services.retrieval.domain.shelf import Asked, Offers
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.stacking import ancestors_of, stack
from services.retrieval.domain.wardrobe import Wardrobe
from shared.catalogue import Catalogue
from shared.clock import to_us
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW_US = to_us(NOW)
ALL_KINDS = frozenset({1, 2, 3, 4, 5})


def ago_us(**time):
    return to_us(NOW - timedelta(**time))


class Shop:
    """Items and offers by name; numbers are given in the order of writing."""

    def __init__(self):
        self.catalogue = Catalogue()
        self.sizes = Sizes()
        self.attributes = Attributes()
        self.popularity = Popularity(NOW_US)
        self.names = [""]

    def item(self, name, category="", *, of="", price=100, size="", **row):
        family = self.no(of) if of else len(self.names)
        fields = {"price_micros": price * 1_000_000, "value_micros": price * 1_000_000, **row}
        self._add(name, OfferKind.PRODUCT, family_no=family, category=category, **fields)
        self.sizes.put([self.no(name)], [size])
        return self.no(name)

    def offer(self, name, kind=OfferKind.PROMOTION, *, about=(), items=(), **row):
        about_nos = [self.no(item) for item in items]
        self._add(name, kind, about_categories=about, about_nos=about_nos, **row)
        return self.no(name)

    def _add(self, name, kind, **fields):
        row = {"stock": -1, "cost_micros": -1, "lever": 1.0, **fields}
        number = len(self.names)
        self.names.append(name)
        batch = CatalogueBatch(previous_version=number - 1, version=number)
        batch.rows.append(CatalogueRow(offer_no=number, offer_id=name, kind=kind, **row))
        self.catalogue.apply(batch)
        self.attributes.put([number], [row.get("attributes", {})], [row.get("brand", "")])

    def no(self, name):
        return self.names.index(name)

    def bought(self, name, times=1, **time):
        for _ in range(times):
            self.popularity.note(self.no(name), "purchase", ago_us(**time))

    def viewed(self, name, times=1, **time):
        for _ in range(times):
            self.popularity.note(self.no(name), "view", ago_us(**time))

    def shelf(self):
        size = self.catalogue.size
        goods = Goods.copied(
            self.catalogue,
            self.sizes.copy(size),
            self.popularity.heat(size),
            self.popularity.sold(size, NOW_US),
            ancestors_of(self.catalogue.categories),
        )
        return stack(goods, Offers.of(self.catalogue, NOW_US), NOW_US)

    def query(self, *, kinds=ALL_KINDS, channel=Channel.WEB, limit=50, in_view=(), **more):
        shelf = self.shelf()
        category = more.pop("category", "")
        defined_nos = more.pop("defined_nos", np.zeros(0, np.uint32))
        return Query(
            shelf=shelf,
            showing=shelf.showing(Asked(frozenset(kinds), channel, defined_nos), NOW_US),
            now_us=NOW_US,
            kinds=kinds,
            limit=limit,
            item_nos=tuple(self.no(name) for name in in_view),
            category_no=self.catalogue.categories.find(category),
            **more,
        )

    def person(self, *, owned=(), visit=None, liked=(), sizes=(), wardrobe=None):
        """Make a person who owns (name, days ago, times, cycle in days)."""
        families = [int(self.catalogue.family_no[self.no(name)]) for name, *_ in owned]
        find = self.catalogue.categories.find
        return Person(
            owned_family_nos=np.array(families, np.uint32),
            bought_minutes=np.array(
                [ago_us(days=days) // 60_000_000 for _, days, *_ in owned], np.int64
            ),
            times_bought=np.array([times for _, _, times, _ in owned], np.int64),
            cycle_days=np.array([cycle for *_, cycle in owned], np.float64),
            visit=visit,
            liked=tuple((find(path), affinity) for path, affinity in liked),
            wardrobe=wardrobe
            or Wardrobe({}, {self.sizes.of(self.no(name)): 0.5 for name in sizes}),
        )

    def visit(self, category="", viewed=()):
        number = self.catalogue.categories.find(category)
        return Visit(number, tuple(self.no(name) for name in viewed))

    def told(self, proposals):
        return [self.names[number] for number in proposals.offer_nos.tolist()]

    def ask(self, source, **query):
        return source.propose(self.query(**query))

    def asked(self, source, **query):
        return self.told(self.ask(source, **query))
