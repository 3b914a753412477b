"""What is ranked beforehand."""

import numpy as np

from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.stacking import ancestors_of
from shared.catalogue import Categories
from tests.unit.retrieval.shop import NOW_US, Shop

NONE_DEFINED = np.zeros(0, np.uint32)


def test_every_category_knows_its_ancestor_at_each_depth():
    categories = Categories()
    deep, other = categories.number("A > B > C"), categories.number("D")
    table = ancestors_of(categories)
    assert [categories.text(number) for number in table[:, deep]] == ["A", "A > B", "A > B > C"]
    assert table[:, other].tolist() == [other, 0, 0]
    assert not table[:, 0].any()


def test_a_category_holds_all_below_it_best_first():
    shop = Shop()
    for name, category in (("a", "A"), ("ab", "A > B"), ("abc", "A > B > C"), ("d", "D")):
        shop.item(name, category)
    shop.bought("abc", times=3, days=1)
    shop.bought("ab", times=2, days=1)
    shelf = shop.shelf()

    def names(path):
        places = shelf.in_category(shop.catalogue.categories.find(path))
        return [shop.names[number] for number in shelf.ranked[places]]

    assert names("A") == ["abc", "ab", "a"]
    assert names("A > B") == ["abc", "ab"]
    assert names("A > B > C") == ["abc"]
    assert names("D") == ["d"]
    assert names("nowhere") == []


def test_an_empty_shop_has_an_empty_shelf():
    shelf = Shop().shelf()
    assert (len(shelf.ranked), len(shelf.in_category(1))) == (0, 0)
    assert shelf.representatives(np.array([1, 99], np.uint32)).tolist() == [0, 0]


def shelves_of(shop):
    return Shelves(shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US)


async def test_a_change_is_on_the_shelf_after_the_next_stacking():
    shop = Shop()
    shop.item("a")
    shelves = shelves_of(shop)
    await shelves.restack()
    number = shop.item("b")
    promotion = shop.offer("sale")
    shelves.rows_changed([number, promotion])
    assert number not in shelves.current.ranked
    await shelves.restack()
    assert number in shelves.current.ranked
    assert shelves.current.offers.about_nothing.tolist() == [promotion]


async def test_offers_follow_an_item_into_another_family():
    shop = Shop()
    shop.item("shoe")
    shop.item("red shoe")
    sale = shop.offer("red sale", items=["red shoe"])
    shelves = shelves_of(shop)
    await shelves.restack()
    shop.catalogue.family_no[2] = 1
    shelves.rows_changed([2])
    await shelves.restack()
    assert list(shelves.current.offers.by_family) == [1]
    assert shelves.current.offers.by_family[1].tolist() == [sale]


def may_be_shown(shelves, number, now_us):
    return shelves.showing(frozenset({1}), 1, now_us, NONE_DEFINED).mask[number]


async def test_what_may_be_shown_is_of_the_shelf_that_stands_and_exact_to_the_microsecond():
    shop = Shop()
    starts_us, ends_us = NOW_US + 1_000_000, NOW_US + 2_000_000
    number = shop.item("a", starts_us=starts_us, ends_us=ends_us)
    shelves = shelves_of(shop)
    told = [NOW_US, starts_us - 1, starts_us, ends_us, ends_us + 1]
    found = [may_be_shown(shelves, number, now_us) for now_us in told]
    assert found == [False, False, True, True, False]
    other = shop.item("b")
    await shelves.restack()
    assert may_be_shown(shelves, other, NOW_US)


def test_what_may_be_shown_is_made_once_until_something_begins_or_ends():
    shop = Shop()
    shop.item("a", starts_us=NOW_US + 5)
    shelves = shelves_of(shop)
    showings = [shelves.showing(frozenset({1}), 1, NOW_US + us, NONE_DEFINED) for us in range(7)]
    assert len(set(map(id, showings))) == 2
    assert showings[0] is showings[4]
    assert showings[5] is showings[6]


def test_a_moment_long_past_is_answered_as_it_was():
    shop = Shop()
    day_us = 86_400_000_000
    number = shop.item("a", starts_us=NOW_US - day_us, ends_us=NOW_US - day_us // 2)
    shelves = shelves_of(shop)
    told = [NOW_US - 2 * day_us, NOW_US - day_us, NOW_US]
    assert [may_be_shown(shelves, number, now_us) for now_us in told] == [False, True, False]


def test_the_rows_of_an_index_are_those_whose_family_has_one_to_be_shown():
    shop = Shop()
    shop.item("shoe", stock=0)
    shop.item("red shoe", of="shoe")
    shop.item("hat", withdrawn=True)
    shop.item("bag")
    showing = shop.query().showing
    family_nos = np.array([1, 3, 4, 99], np.uint32)
    allowed = showing.rows_allowed(family_nos)
    assert allowed.mask.tolist() == [True, False, True, False]
    assert allowed.count == 2
    assert showing.rows_allowed(family_nos) is allowed
    assert showing.rows_allowed(family_nos[:2]).mask.tolist() == [True, False]


def test_what_suits_a_recipient_is_made_once_for_their_kind():
    shop = Shop()
    shop.item("a"), shop.item("b")
    showing, asked = shop.query().showing, []

    def suits(rows):
        asked.append(rows)
        return np.arange(len(showing.mask))[rows] == 1

    found = [showing.narrowed(40, suits) for _ in range(2)]
    assert found[0].mask[:3].tolist() == [False, True, False]
    assert found[0] is found[1]
    assert len(asked) == 1
    nos = np.array([1, 2])
    showing.change(nos, np.array([False, True]), nos)
    assert showing.narrowed(40, suits) is found[0]
    assert found[0].mask[:3].tolist() == [False, False, False]
    showing.change(nos, np.array([True, True]), nos)
    assert showing.narrowed(40, suits).mask[:3].tolist() == [False, True, False]
    assert [len(rows) for rows in asked[1:]] == [2, 2]
