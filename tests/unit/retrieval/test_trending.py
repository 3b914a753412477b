"""What is bought more than usual these days."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.crowds import Crowds
from services.retrieval.domain.learning.model import SeasonModel
from services.retrieval.domain.learning.seasons import fortnight_of
from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.trending import Trending
from services.retrieval.domain.trends import Trends, rising
from tests.unit.retrieval.learned import ExactIndex, learned
from tests.unit.retrieval.shop import NOW_US, Shop, ago_us


@pytest.fixture
def shop():
    """A shop that sells ten of most things on each of 23 days, up to yesterday."""
    shop = Shop()
    for name, many in (("tea", 10), ("jam", 10), ("tv", 10), ("milk", 100)):
        shop.item(name, "Video > TV" if name == "tv" else "Food > Dry")
        for days in range(1, 24):
            shop.bought(name, many, days=days)
    return shop


def trends_of(shop):
    trends = Trends(shop.catalogue, lambda: shop.popularity, lambda: NOW_US)
    trends.current = rising(shop.popularity.by_day(), shop.catalogue.family_no, NOW_US)
    return trends


def ask(shop, **query):
    return shop.ask(Trending(shop.catalogue, trends_of(shop)), **query)


def test_what_is_bought_as_usual_does_not_rise(shop):
    assert shop.told(ask(shop)) == []


def test_what_is_bought_more_than_usual_rises_with_the_counts_as_evidence(shop):
    shop.bought("jam", 40, days=1)
    found = ask(shop)
    assert shop.told(found) == ["jam"]
    # Ten on each of the two days before, and none was sold today so far; usually 10 a day and half
    # of today's, for it is noon.
    assert (found.evidence_counts.tolist(), found.evidence_totals.tolist()) == ([60], [25])
    assert 0.0 < found.scores[0] < 1.0


def test_when_the_whole_shop_sells_more_nothing_rises_by_itself(shop):
    for name, many in (("tea", 60), ("jam", 60), ("tv", 60), ("milk", 600)):
        shop.bought(name, many, days=1)
    assert shop.told(ask(shop)) == []
    shop.bought("tv", 300, days=1)
    assert shop.told(ask(shop)) == ["tv"]


def test_a_few_of_a_rare_thing_prove_nothing(shop):
    shop.item("rare")
    shop.bought("rare", 4, days=1)
    assert shop.told(ask(shop)) == []
    shop.bought("rare", 16, days=1)
    found = ask(shop)
    assert shop.told(found) == ["rare"]
    assert found.evidence_totals.tolist() == [0]


def test_saturdays_are_compared_with_saturdays():
    shop = Shop()
    for name in ("beer", "milk"):
        shop.item(name)
    for days in range(24):
        shop.bought("milk", 50, days=days, hours=1)
        shop.bought("beer", 60 if days % 7 in (0, 1, 2) else 2, days=days, hours=1)
    assert shop.told(ask(shop)) == []
    shop.bought("beer", 300, days=1)
    assert shop.told(ask(shop)) == ["beer"]


def test_in_a_fresh_shop_nothing_rises():
    shop = Shop()
    shop.item("new")
    for days in range(15):
        shop.bought("new", 1, days=days)
    shop.bought("new", 100, days=1)
    assert shop.told(ask(shop)) == []
    shop.popularity = Popularity(NOW_US)
    assert shop.told(ask(shop)) == []


def test_variants_count_for_their_family_and_what_is_sold_out_is_left_out(shop):
    shop.item("red jam", "Food > Dry", of="jam")
    shop.bought("red jam", 20, days=1)
    shop.bought("jam", 20, days=1)
    shop.item("gone", stock=0)
    shop.bought("gone", 100, days=1)
    found = ask(shop)
    assert shop.told(found) == ["jam"]
    assert found.evidence_counts.tolist() == [60]


def test_what_rises_near_the_page_comes_first(shop):
    shop.bought("jam", 90, days=1)
    shop.bought("tv", 60, days=1)
    assert shop.told(ask(shop)) == ["jam", "tv"]
    assert shop.told(ask(shop, in_view=["tv"])) == ["tv", "jam"]
    assert shop.told(ask(shop, category="Video")) == ["tv", "jam"]
    assert shop.told(ask(shop, kinds={2})) == []


def test_purchases_are_counted_by_day():
    counts = Popularity(NOW_US)
    day = NOW_US // 86_400_000_000
    for ago in (0, 0, 1, 7):
        counts.note(1, "purchase", NOW_US - ago * 86_400_000_000)
    sold = counts.by_day()
    assert sold.sold_on([day, day - 7])[1] == 3
    assert sold.sold_on([day - 40])[1] == 0
    assert sold.first_day == day - 7
    assert np.isinf(Popularity(NOW_US).by_day().first_day)


async def test_what_rises_is_looked_at_beside_requests(shop):
    shop.bought("jam", 40, days=1)
    trends = Trends(shop.catalogue, lambda: shop.popularity, lambda: NOW_US)
    assert shop.asked(Trending(shop.catalogue, trends)) == []
    await trends.look()
    assert shop.asked(Trending(shop.catalogue, trends)) == ["jam"]


class Among:
    """A shop with crowds that bought ten of everything on each of the days before yesterday."""

    def __init__(self, shop):
        self.shop, self.crowds = shop, Crowds(NOW_US)
        self.crowds.met(["ada"], "gardeners")
        self.crowds.met(["bob"], "readers")
        for name in ("tea", "jam", "tv", "milk"):
            for days in range(2, 24):
                self.bought(name, 10, who="ada", days=days)
                self.bought(name, 10, who="bob", days=days)

    def bought(self, name, times, who, at="", **time):
        for _ in range(times):
            self.crowds.note(who, "purchase", self.shop.no(name), at, ago_us(**time))

    async def asked(self, persona="", placements=(), **query):
        counted = self.shop.popularity
        lifts = CrowdLifts(
            self.shop.catalogue, lambda: self.crowds, lambda: counted, lambda: NOW_US
        )
        await lifts.look()
        source = Trending(self.shop.catalogue, trends_of(self.shop), lambda: lifts.current)
        person = replace(self.shop.person(), persona=persona)
        return self.shop.ask(source, person=person, placements=placements, **query)

    async def told(self, *args, **query):
        return self.shop.told(await self.asked(*args, **query))


@pytest.fixture
def among(shop):
    return Among(shop)


async def test_in_no_crowd_anything_rises_that_is_taken_as_usual(among):
    assert await among.told("gardeners") == []


async def test_what_people_of_a_persona_buy_more_than_usual_rises_for_them_alone(among):
    among.bought("jam", 60, who="ada", hours=20)
    found = await among.asked("gardeners")
    assert among.shop.told(found) == ["jam"]
    # It rises among them; what the whole shop sold of it would be no reason.
    assert found.evidence_counts.tolist() == [0]
    assert await among.told("readers") == []
    assert await among.told() == []


async def test_what_is_taken_more_than_usual_at_a_placement_rises_there(among):
    for days in range(2, 24):
        for name in ("tea", "tv"):
            among.bought(name, 10, who="cem", at="till", days=days)
    among.bought("tv", 60, who="cem", at="till", hours=20)
    assert await among.told(placements=("till",)) == ["tv"]
    assert await among.told(placements=("home",)) == []


async def test_what_rises_among_people_alike_comes_before_what_rises_in_the_whole_shop(among):
    among.shop.bought("tv", 60, days=1)
    among.shop.bought("jam", 40, days=1)
    among.bought("jam", 60, who="ada", hours=20)
    found = await among.asked("gardeners")
    assert among.shop.told(found) == ["jam", "tv"]
    assert found.evidence_counts.tolist() == [60, 80]
    assert await among.told("readers") == ["tv", "jam"]


async def test_when_a_whole_crowd_buys_more_nothing_rises_in_it(among):
    for name in ("tea", "jam", "tv", "milk"):
        among.bought(name, 60, who="ada", hours=20)
    assert await among.told("gardeners") == []


async def test_in_a_crowd_that_is_new_nothing_rises(among):
    among.crowds.met(["eve"], "newcomers")
    among.bought("jam", 60, who="eve", hours=20)
    assert await among.told("newcomers") == []


async def test_what_is_in_season_comes_first(shop):
    shop.bought("jam", 60, days=1)
    shop.bought("tv", 40, days=1)
    factors = np.full((1, 26), 0.5, np.float32)
    factors[0, fortnight_of(NOW_US)] = 4.0
    learns = replace(learned({1: (1.0, 0.0)}), seasons=SeasonModel(("Video > TV",), factors))
    model = ServedModel.of("test", learns, ExactIndex)
    trends = Trends(shop.catalogue, lambda: shop.popularity, lambda: NOW_US, lambda: model)
    await trends.look()
    assert shop.asked(Trending(shop.catalogue, trends)) == ["tv", "jam"]
    shop.item("as yet in no category of the season", "New")
    assert shop.asked(Trending(shop.catalogue, trends)) == ["tv", "jam"]
