"""Makes the shop's items out of its product tables."""

from __future__ import annotations

import itertools
import random
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta

from demo.shop.catalogue import SHELVES, Shelf, read_attributes
from demo.shop.model import Item

SOLD_OUT_SHARE = 0.05
NEW_SHARE = 0.04
OLD_DAYS = 60  # what is older was there through the whole history


def make_items(seed: int, today: date, keep_in_stock: Collection[str] = ()) -> tuple[Item, ...]:
    """Make all items, the head of each family before its variants.

    Those to be kept in stock, by id, are never sold out and long released.
    """
    rng = random.Random(f"{seed}/items")
    return tuple(
        _kept(item, today) if item.item_id in keep_in_stock else item
        for shelf in SHELVES
        for position in range(len(shelf.products))
        for item in _family(shelf, position, today, rng)
    )


def _kept(item: Item, today: date) -> Item:
    released = min(item.released, today - timedelta(days=OLD_DAYS))
    return replace(item, stock=max(item.stock, 5), released=released)


def _family(shelf: Shelf, position: int, today: date, rng: random.Random) -> Iterator[Item]:
    brand, name, dollars, own = shelf.products[position]
    shared = read_attributes(f"{shelf.attributes};{own}")
    if shelf.goes_with:
        shared["goes_with"] = shelf.goes_with
    title = shelf.title.format(brand=brand, name=name, **shared)
    released = _released(shared, today, rng)
    cost_percent = shelf.cost_percent * rng.uniform(0.95, 1.05)
    head = ""
    for options in itertools.product(*(axis.for_product(position) for axis in shelf.axes)):
        chosen = zip(shelf.axes, options, strict=True)
        labels = {axis.attribute: label for axis, (label, _) in chosen}
        price_cents = _price_cents(dollars, [percent for _, percent in options], shelf.cents)
        item_id = slug(" ".join((shelf.code, brand, name, *labels.values())))
        yield Item(
            item_id=item_id,
            title=", ".join((title, *_spoken(labels, shared))),
            category=shelf.category,
            brand=brand,
            price_cents=price_cents,
            cost_cents=round(price_cents * cost_percent / 100),
            stock=_stock(shelf.stock, rng),
            variant_of=head,
            released=released,
            attributes={**shared, **labels},
        )
        head = head or item_id


def _price_cents(dollars: int, percents: list[int], cents: int) -> int:
    price = float(dollars)
    for percent in percents:
        price *= percent / 100
    return round(price) * 100 + cents


def _stock(usual: int, rng: random.Random) -> int:
    if rng.random() < SOLD_OUT_SHARE:
        return 0
    return max(1, round(usual * rng.lognormvariate(0, 0.6)))


def _released(attributes: Mapping[str, str], today: date, rng: random.Random) -> date:
    """Date a film by its year, most else two to forty months back, a little just now."""
    if "year" in attributes:
        return date(int(attributes["year"]), rng.randint(1, 12), rng.randint(1, 28))
    age_days = rng.randint(2, 30) if rng.random() < NEW_SHARE else rng.randint(OLD_DAYS, 1_200)
    return today - timedelta(days=age_days)


def _spoken(labels: Mapping[str, str], shared: Mapping[str, str]) -> Iterator[str]:
    """Word the options as a shopper reads them; a bare size says what it is."""
    for attribute, label in labels.items():
        bare = attribute == "size" and (len(label) <= 3 and " " not in label and "$" not in label)
        yield f"size {label}" if bare else label


def slug(text: str) -> str:
    """Make a readable id of lower-case ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")
