"""What is popular, and what stands on the shelf at all."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain import walking
from services.retrieval.domain.learning.model import SeasonModel
from services.retrieval.domain.learning.seasons import fortnight_of
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.showing import Showing
from services.retrieval.domain.sources.popular import ELSEWHERE, Popular
from tests.unit.retrieval.learned import ExactIndex, learned
from tests.unit.retrieval.shop import NOW_US, Shop, ago_us
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

DAY_US = 86_400_000_000


@pytest.fixture
def shop():
    return Shop()


def test_what_is_bought_more_leads_and_old_purchases_count_less(shop):
    for name in ("tv", "dvd", "book"):
        shop.item(name)
    shop.bought("book", times=3, days=1)
    shop.bought("tv", times=4, days=56)
    shop.bought("dvd", times=2, days=1)
    assert shop.asked(Popular(shop.catalogue)) == ["book", "dvd", "tv"]


def test_a_view_counts_less_than_a_purchase(shop):
    shop.item("looked at")
    shop.item("bought")
    shop.viewed("looked at", times=5, days=1)
    shop.bought("bought", days=1)
    assert shop.asked(Popular(shop.catalogue))[0] == "bought"
    shop.viewed("looked at", times=25, days=1)
    assert shop.asked(Popular(shop.catalogue))[0] == "looked at"


def test_in_a_fresh_shop_the_newest_lead_and_among_them_the_most_valuable(shop):
    shop.item("old", price=900, released_us=ago_us(days=300))
    shop.item("new and cheap", price=5, released_us=ago_us(days=3))
    shop.item("new and dear", price=50, released_us=ago_us(days=3))
    proposals = shop.ask(Popular(shop.catalogue))
    assert shop.told(proposals) == ["new and dear", "new and cheap", "old"]
    assert list(proposals.evidence_counts) == [0, 0, 0]


def test_the_evidence_counts_purchases_of_the_family_in_the_last_30_days(shop):
    shop.item("shoe")
    shop.item("red shoe", of="shoe")
    shop.bought("shoe", times=2, days=29)
    shop.bought("red shoe", times=3, days=1)
    shop.bought("shoe", times=7, days=31)
    proposals = shop.ask(Popular(shop.catalogue))
    assert (shop.told(proposals), list(proposals.evidence_counts)) == (["shoe"], [5])


def test_strength_lies_between_0_and_1_and_falls(shop):
    for rank, name in enumerate("abcd"):
        shop.item(name)
        shop.bought(name, times=8 - 2 * rank, days=1)
    strengths = shop.ask(Popular(shop.catalogue)).scores.tolist()
    assert strengths[0] == pytest.approx(1.0)
    assert strengths == sorted(strengths, reverse=True)
    assert strengths[-1] > 0


@pytest.mark.parametrize(
    "row",
    [
        {"stock": 0},
        {"withdrawn": True},
        {"released_us": NOW_US + DAY_US},
        {"starts_us": NOW_US + 1},
        {"ends_us": NOW_US - 1},
        {"channels": [Channel.EMAIL]},
    ],
)
def test_what_cannot_be_had_here_and_now_takes_nobodys_place(shop, row):
    shop.item("not to be had", **row)
    shop.item("to be had", stock=1, ends_us=NOW_US + 1, channels=[Channel.WEB, Channel.APP])
    assert shop.asked(Popular(shop.catalogue)) == ["to be had"]


def test_of_a_family_the_root_is_shown_or_where_it_is_sold_out_the_best_variant(shop):
    shop.item("shoe", stock=0)
    shop.item("red shoe", of="shoe", stock=2)
    shop.item("blue shoe", of="shoe", stock=2)
    shop.item("boot", stock=1)
    shop.item("red boot", of="boot", stock=2)
    shop.bought("blue shoe", times=2, days=1)
    shop.bought("red boot", days=1)
    assert shop.asked(Popular(shop.catalogue)) == ["blue shoe", "boot"]


def test_a_limit_is_filled_from_far_down_where_the_top_may_not_be_shown(shop):
    for number in range(40):
        shop.item(f"by mail {number}", channels=[Channel.EMAIL])
        shop.bought(f"by mail {number}", days=1)
    shop.item("anywhere")
    assert shop.asked(Popular(shop.catalogue), limit=2) == ["anywhere"]


def test_what_the_caller_leaves_out_takes_nobodys_place():
    shop = Shop()
    for number in range(30):
        shop.item(f"item {number}", "Video > TV" if number % 2 else "Garden")
        shop.bought(f"item {number}", times=60 - 2 * number, days=1)
    popular, shown = Popular(shop.catalogue), tuple(range(1, 11))
    assert shop.asked(popular, limit=10)[0] == "item 0"
    left = shop.asked(popular, limit=10, excluded_nos=shown)
    assert left == [f"item {number}" for number in range(10, 20)]
    in_garden = shop.asked(popular, limit=10, excluded_nos=shown, category="Garden")
    assert in_garden[:2] == ["item 10", "item 12"]
    assert len(in_garden) == 10


def test_where_hardly_anything_may_be_shown_all_is_looked_through_once(monkeypatch):
    monkeypatch.setattr(walking, "_WALKED", 8)
    shop = Shop()
    for number in range(60):
        only = [Channel.WEB] if number in (30, 40) else [Channel.EMAIL]
        shop.item(f"item {number}", price=60 - number, channels=only)
    popular, query, looked_through = Popular(shop.catalogue), shop.query(limit=5), []

    class Counting(Showing):
        def look_through(self, *args):
            looked_through.append(args)
            return super().look_through(*args)

    showing = Counting(query.showing.mask, query.shelf.of_family)

    def found(limit):
        return shop.told(popular.propose(replace(query, limit=limit, showing=showing)))

    assert [found(5), found(6)] == [["item 30", "item 40"]] * 2
    assert len(looked_through) == 1
    gone, back = np.array([shop.no("item 30")]), np.array([shop.no("item 2")])
    showing.change(gone, np.array([False]), gone)
    assert found(7) == ["item 40"]
    assert len(looked_through) == 1
    showing.change(back, np.array([True]), back)
    assert found(8) == ["item 2", "item 40"]


def test_nothing_is_popular_where_no_items_are_shown(shop):
    shop.item("tv")
    assert shop.asked(Popular(shop.catalogue), kinds=frozenset({OfferKind.CONTENT})) == []


def shop_of_two_parts():
    """Return a shop where televisions are sold more than anything for a garden."""
    shop = Shop()
    for name, category, times in (
        ("tv", "Video > TV > 4K", 8),
        ("dvd", "Video > DVD", 4),
        ("spade", "Garden > Tools", 2),
        ("gloves", "Garden > Clothing", 1),
    ):
        shop.item(name, category)
        shop.bought(name, times=times, days=1)
    return shop


def test_on_a_page_about_a_category_it_leads_whatever_sells_more_elsewhere():
    shop = shop_of_two_parts()
    popular = Popular(shop.catalogue)
    assert shop.asked(popular, category="Garden") == ["spade", "gloves", "tv", "dvd"]
    assert shop.asked(popular, in_view=["gloves"])[0] == "gloves"


def test_what_lies_elsewhere_is_proposed_as_weakly_as_it_is_bought():
    shop = shop_of_two_parts()
    popular = Popular(shop.catalogue)
    usual, here = shop.ask(popular), shop.ask(popular, category="Video > TV")
    assert shop.told(here) == ["tv", "dvd", "spade", "gloves"]
    assert here.scores[0] == usual.scores[0]
    assert here.scores[1:].tolist() == pytest.approx((usual.scores[1:] * ELSEWHERE).tolist())


def test_the_page_outranks_the_cart_and_the_cart_what_is_liked():
    shop = shop_of_two_parts()
    popular = Popular(shop.catalogue)
    person = shop.person(liked=[("Garden > Tools", 0.9)])
    assert shop.asked(popular, person=person)[0] == "spade"
    cart = {"person": person, "cart_nos": (shop.no("dvd"),)}
    assert shop.asked(popular, **cart)[0] == "tv"
    assert shop.asked(popular, in_view=["gloves"], **cart)[0] == "gloves"


def test_beside_a_cart_goes_what_lies_near_it_and_not_more_of_the_same():
    shop = shop_of_two_parts()
    shop.item("other tv", "Video > TV > 4K")
    shop.bought("other tv", times=7, days=1)
    shop.item("aerial", "Video > TV > Aerials")
    shop.bought("aerial", days=1)
    asked = shop.asked(Popular(shop.catalogue), cart_nos=(shop.no("tv"),), limit=3)
    assert asked == ["aerial", "tv", "other tv"]


def test_what_is_near_is_found_however_far_down_it_stands():
    shop = shop_of_two_parts()
    for number in range(40):
        shop.item(f"film {number}", "Video > DVD")
        shop.bought(f"film {number}", times=3, days=1)
    assert shop.asked(Popular(shop.catalogue), category="Garden", limit=2) == ["spade", "gloves"]


def test_of_what_is_near_only_what_may_be_shown_is_proposed():
    shop = shop_of_two_parts()
    shop.item("by mail", "Garden", channels=[Channel.EMAIL])
    assert "by mail" not in shop.asked(Popular(shop.catalogue), category="Garden")


async def test_what_is_in_season_comes_first():
    shop = Shop()
    for name, category, times in (("bread", "Food > Bread", 20), ("ice", "Food > Ice", 10)):
        shop.item(name, category)
        shop.bought(name, times, days=1)
    learns = of_ice_now()
    assert await first_on_the_shelf(shop, learns) == "ice"
    assert await first_on_the_shelf(shop, replace(learns, seasons=SeasonModel.none())) == "bread"


async def test_a_catalogue_that_is_read_from_a_file_has_its_seasons_too():
    written = Shop()
    written.item("ice", "Food > Ice")
    shop = Shop()
    model = ServedModel.of("test", of_ice_now(), ExactIndex)
    shelves = Shelves(
        shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US, lambda: model
    )
    shop.catalogue.take_over(written.catalogue)
    shelves.rows_changed(range(1, shop.catalogue.size))
    shop.popularity.note(1, "purchase", NOW_US)
    await shelves.restack()
    assert shelves.current.ranked.tolist() == [1]


def of_ice_now():
    factors = np.ones((1, 26), np.float32)
    factors[0, fortnight_of(NOW_US)] = 4.0
    return replace(learned({1: (1.0, 0.0)}), seasons=SeasonModel(("Food > Ice",), factors))


async def first_on_the_shelf(shop, learns):
    model = ServedModel.of("test", learns, ExactIndex)
    shelves = Shelves(
        shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US, lambda: model
    )
    await shelves.restack()
    return shop.names[shelves.current.ranked[0]]
