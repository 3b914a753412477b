"""What changed of a few rows is on the shelf before all is ranked anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.domain.shelf import Asked, Shelf
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.showing import Showing
from tests.unit.retrieval.shop import NOW_US, Shop

NONE_DEFINED = np.zeros(0, np.uint32)
KINDS = frozenset({1, 2})


@pytest.fixture
def shop():
    made = Shop()
    made.item("shoe")
    made.item("red shoe", of="shoe")
    made.item("blue shoe", of="shoe")
    made.item("hat")
    made.offer("sale")
    made.bought("blue shoe", days=1)
    return made


@pytest.fixture
async def shelves(shop):
    made = Shelves(shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US)
    await made.restack()
    return made


def shown(shelves, now_us=NOW_US):
    return shelves.showing(KINDS, 1, now_us, NONE_DEFINED)


def change(shop, shelves, name, **columns):
    for column, value in columns.items():
        getattr(shop.catalogue, column)[shop.no(name)] = value
    shelves.rows_changed([shop.no(name)])


def stands_for(shop, shelves, family):
    found = shelves.current.representatives(np.array([shop.no(family)], np.uint32))[0]
    return shop.names[found]


async def test_what_is_sold_out_is_gone_at_once_and_back_at_once(shop, shelves):
    before = shown(shelves)
    change(shop, shelves, "hat", stock=0)
    assert not shown(shelves).mask[shop.no("hat")]
    assert shown(shelves) is before
    change(shop, shelves, "hat", stock=2)
    assert shown(shelves).mask[shop.no("hat")]


async def test_another_variant_stands_for_a_root_that_is_sold_out(shop, shelves):
    change(shop, shelves, "shoe", stock=0)
    assert stands_for(shop, shelves, "shoe") == "blue shoe"
    change(shop, shelves, "blue shoe", withdrawn=True)
    assert stands_for(shop, shelves, "shoe") == "red shoe"
    change(shop, shelves, "red shoe", stock=0)
    assert stands_for(shop, shelves, "shoe") == ""
    change(shop, shelves, "red shoe", stock=1)
    assert stands_for(shop, shelves, "shoe") == "red shoe"
    change(shop, shelves, "shoe", stock=1)
    assert stands_for(shop, shelves, "shoe") == "shoe"


async def test_what_is_new_can_be_shown_before_it_has_its_place_in_the_order(shop, shelves):
    number = shop.item("scarf")
    shelves.rows_changed([number])
    assert shown(shelves).mask[number]
    assert stands_for(shop, shelves, "scarf") == "scarf"
    assert number not in shelves.current.ranked
    await shelves.restack()
    assert number in shelves.current.ranked


async def test_rows_of_an_index_follow_what_changes(shop, shelves):
    families = np.array([shop.no("shoe"), shop.no("hat"), 9], np.uint32)

    def rows():
        return shown(shelves).rows_allowed(families).mask.tolist()

    assert rows() == [True, True, False]
    change(shop, shelves, "hat", stock=0)
    assert rows() == [True, False, False]
    change(shop, shelves, "shoe", stock=0)
    assert rows() == [True, False, False]
    for name in ("red shoe", "blue shoe"):
        change(shop, shelves, name, stock=0)
    assert rows() == [False, False, False]
    change(shop, shelves, "hat", stock=3)
    assert rows() == [False, True, False]


async def test_rows_in_any_order_follow_too(shop, shelves):
    families = np.array([shop.no("hat"), shop.no("shoe")], np.uint32)
    assert shown(shelves).rows_allowed(families).count == 2
    change(shop, shelves, "hat", stock=0)
    assert shown(shelves).rows_allowed(families).mask.tolist() == [False, True]


async def test_a_change_brings_the_moments_at_which_it_begins_and_ends(shop, shelves):
    number = shop.no("hat")
    change(shop, shelves, "hat", starts_us=NOW_US + 10, ends_us=NOW_US + 20)
    told = [bool(shown(shelves, NOW_US + us).mask[number]) for us in (9, 10, 20, 21)]
    assert told == [False, True, True, False]


async def test_what_begins_and_ends_is_put_in_and_nothing_made_anew(shop, shelves, monkeypatch):
    families = np.array([shop.no("shoe"), shop.no("hat")], np.uint32)
    hat, sale = shop.no("hat"), shop.no("sale")
    shown(shelves).rows_allowed(families)
    monkeypatch.delattr(Shelf, "showing")
    change(shop, shelves, "hat", ends_us=NOW_US + 12)
    change(shop, shelves, "sale", ends_us=NOW_US + 14)
    for us, has_hat, has_sale in ((9, True, True), (13, False, True), (15, False, False)):
        found = shown(shelves, NOW_US + us)
        assert (bool(found.mask[hat]), bool(found.mask[sale])) == (has_hat, has_sale)
        assert found.rows_allowed(families).mask.tolist() == [True, has_hat]
    # Clocks differ: somebody still lives in the era before.
    assert shown(shelves, NOW_US + 9).mask[hat]
    assert shown(shelves, NOW_US + 11).mask[hat]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=12),
    st.lists(st.integers(-5, 35), min_size=2, max_size=8),
    st.data(),
)
async def test_eras_made_of_each_other_are_as_if_made_anew(times, asked, data):
    shop = Shop()
    for at, (begins, lasts) in enumerate(times):
        shop.item(f"item {at}")
        set_times(shop, f"item {at}", begins, lasts)
    shelves = Shelves(shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US)
    await shelves.restack()
    families = shop.catalogue.family_no[1 : len(times) + 1].copy()
    for us in asked:
        found = shown(shelves, NOW_US + us)
        anew = shelves.current.showing(Asked(KINDS, 1, NONE_DEFINED), NOW_US + us)
        assert found.mask.tolist() == anew.mask.tolist()
        rows, rows_anew = found.rows_allowed(families), anew.rows_allowed(families)
        assert rows.mask.tolist() == rows_anew.mask.tolist()
        at = data.draw(st.integers(0, len(times) - 1))
        set_times(shop, f"item {at}", *data.draw(st.tuples(st.integers(0, 30), st.integers(0, 30))))
        shelves.rows_changed([shop.no(f"item {at}")])


def set_times(shop, name, begins, lasts):
    shop.catalogue.starts_us[shop.no(name)] = NOW_US + begins
    shop.catalogue.ends_us[shop.no(name)] = NOW_US + begins + lasts


async def test_an_offer_may_go_at_once_and_comes_with_the_next_ranking(shop, shelves):
    sale = shop.no("sale")
    change(shop, shelves, "sale", withdrawn=True)
    assert not shown(shelves).mask[sale]
    change(shop, shelves, "sale", withdrawn=False)
    assert not shown(shelves).mask[sale]
    await shelves.restack()
    assert shown(shelves).mask[sale]


async def test_what_changes_while_all_is_ranked_is_on_the_new_shelf(shop, shelves):
    shown(shelves)
    number = shop.no("hat")

    def now_us():
        # Asked for once the columns were copied.
        if not shop.catalogue.withdrawn[number]:
            shop.catalogue.withdrawn[number] = True
            told.append(number)
        return NOW_US

    told = []
    shelves._now_us = now_us
    ranking = shelves.restack()
    original = shelves._goods

    def goods():
        found = original()
        shelves.rows_changed(told)
        return found

    shelves._goods = goods
    await ranking
    assert told == [number]
    assert not shown(shelves).mask[number]


async def test_what_was_asked_of_the_last_shelf_is_there_of_the_next(shop, shelves):
    families = np.array([shop.no("shoe"), shop.no("hat")], np.uint32)
    shown(shelves).rows_allowed(families)
    shop.item("scarf")
    await shelves.restack()
    assert list(shown(shelves)._rows) == [id(families)]


async def test_rows_of_an_index_that_nobody_asks_any_more_are_not_made_again(shop, shelves):
    families = np.array([shop.no("shoe"), shop.no("hat")], np.uint32)
    shown(shelves).rows_allowed(families)
    await shelves.restack()
    shown(shelves)
    await shelves.restack()
    assert not shown(shelves)._rows


def test_what_changes_while_rows_are_looked_up_is_looked_up_again():
    class Busy(Showing):
        """Of which something is sold out just after it was looked up, by another thread."""

        has_changed = False

        def shows_families(self, family_nos):
            found = super().shows_families(family_nos)
            if not self.has_changed:
                self.has_changed = True
                self.change(np.array([2]), np.array([False]), np.array([2]))
            return found

    showing, families = Busy(np.arange(4) > 0, np.arange(4)), np.array([1, 2, 3], np.uint32)
    showing.rows_allowed(families)
    assert showing.rows_allowed(families).mask.tolist() == [True, False, True]


def test_two_models_do_not_take_each_others_rows(shop):
    showing = Showing(np.arange(4) > 0, np.arange(4))
    one, other = np.array([1, 2, 3], np.uint32), np.array([1, 3], np.uint32)
    allowed = showing.rows_allowed(one)
    assert showing.rows_allowed(other).count == 2
    assert showing.rows_allowed(one) is allowed


async def test_what_a_fence_leaves_is_made_once_and_keeps_up_with_every_change(shop, shelves):
    asked, families = [], np.arange(3, dtype=np.uint32)

    def suits(rows):
        asked.append(rows)
        return shop.catalogue.price_micros[rows] <= 100_000_000

    def left():
        mask = shown(shelves).narrowed("cheap", suits).mask
        return {name for no, name in enumerate(shop.names) if mask[no]} & {"hat", "scarf"}

    assert left() == {"hat"}
    shown(shelves).narrowed("cheap", suits).rows_allowed(families)
    change(shop, shelves, "hat", stock=0)
    assert left() == set()
    shop.item("scarf")
    await shelves.restack()
    before = len(asked)
    assert left() == {"scarf"}
    assert len(asked) == before
    assert list(shown(shelves).narrowed("cheap", suits)._rows) == [id(families)]
    change(shop, shelves, "scarf", price_micros=900_000_000)
    assert left() == set()
    await shelves.restack()
    await shelves.restack()
    assert shown(shelves).narrowings() == []
