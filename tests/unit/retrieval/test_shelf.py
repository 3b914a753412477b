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
    assert shelves.current.offers.about_nothing == (promotion,)


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
    assert shelves.current.offers.by_family == {1: [sale]}


async def test_a_mask_is_of_the_shelf_that_stands_and_exact_to_the_second():
    shop = Shop()
    number = shop.item("a", starts_us=NOW_US + 1_000_000)
    shelves = shelves_of(shop)
    kinds = frozenset({1})
    assert not shelves.showable(kinds, 1, NOW_US, NONE_DEFINED)[number]
    assert shelves.showable(kinds, 1, NOW_US + 1_000_000, NONE_DEFINED)[number]
    other = shop.item("b")
    await shelves.restack()
    assert shelves.showable(kinds, 1, NOW_US, NONE_DEFINED)[other]
