"""What somebody kept is read out of their snapshot: sizes by category, and what else they like."""

import pytest

from services.retrieval.wardrobes import WardrobeReader
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

SHOES = "Clothing > Shoes"


@pytest.fixture
def shop():
    shop = Shop()
    for size in ("41", "42", "43"):
        attributes = {"size": size, "colour": "red"}
        shop.item(f"shoe {size}", SHOES, size=size, attributes=attributes)
    return shop


def kept(*rows):
    """Return somebody who kept things: category, name, value and its share."""
    snapshot = PersonSnapshot()
    variants = snapshot.traits.variants
    for category, name, value, share in rows:
        variants.categories.append(category)
        variants.names.append(name)
        variants.values.append(value)
        variants.shares.append(share)
    return snapshot


def read(shop, snapshot):
    return WardrobeReader(shop.catalogue, shop.sizes, shop.attributes).read(snapshot)


def test_sizes_are_read_by_category_and_a_small_share_is_no_size_of_theirs(shop):
    snapshot = kept((SHOES, "size", "42", 0.75), (SHOES, "size", "43", 0.19))
    found, size = read(shop, snapshot), shop.sizes.number("42")
    assert found.sizes == {shop.catalogue.categories.find(SHOES): {size: 0.75}}
    assert found.elsewhere == {size: 0.75}


def test_what_is_no_size_is_liked_as_much_as_where_it_was_kept_most(shop):
    snapshot = kept((SHOES, "colour", "red", 0.4), ("Clothing", "colour", "Red", 0.6))
    found = read(shop, snapshot)
    assert found.liked == {shop.attributes.pair("colour", "red"): pytest.approx(0.6)}
    assert not found.sizes


def test_the_two_sizes_bought_last_count_where_no_share_is_known(shop):
    snapshot = PersonSnapshot()
    for event, name in (
        *(("view", "shoe 41"), ("purchase", "shoe 43"), ("purchase", "shoe 43")),
        *(("purchase", "shoe 42"), ("purchase", "shoe 41")),
    ):
        snapshot.recent.types.append(event)
        snapshot.recent.offer_nos.append(shop.no(name))
    number = shop.sizes.number
    assert read(shop, snapshot).elsewhere == {number("43"): 0.5, number("42"): 0.5}
