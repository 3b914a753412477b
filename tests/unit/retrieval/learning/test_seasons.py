"""How much more of a category is bought at some times of the year."""

import tracemalloc

import numpy as np
import pytest

from services.retrieval.domain.learning.baskets import learned_baskets
from services.retrieval.domain.learning.content import ContentVectors
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import SeasonModel
from services.retrieval.domain.learning.seasons import FORTNIGHTS, fortnight_of, learned_seasons
from services.retrieval.domain.learning.terms import ItemTexts
from services.retrieval.domain.season import Season
from shared.catalogue import Catalogue

DAY_US = 86_400_000_000
ICE, BREAD, NEW = 1, 2, 3


def texts():
    nos = np.array([BREAD, ICE, NEW], np.uint32)
    return ItemTexts(
        nos, ["bread", "ice", "new"], ["Food > Bread", "Food > Ice", "Food > New"], [""] * 3
    )


def year(days=366, ice=lambda day: 20 if 150 <= day < 240 else 1, new=lambda _day: 0):
    nos, times = list[int](), list[int]()
    for day in range(days):
        for no, count in ((BREAD, 10), (ICE, ice(day)), (NEW, new(day))):
            nos += [no] * count
            times += [day * DAY_US] * count
    return Interactions(
        ("p",),
        np.zeros(len(nos), np.int32),
        np.array(nos, np.uint32),
        np.array(times, np.int64),
        np.ones(len(nos), np.float32),
    )


def test_one_long_path_takes_no_more_memory_than_its_own_letters():
    """A column of texts would take as much for each of them as for the longest."""
    count, letters = 4_000, 5_000
    nos = np.arange(1, count + 1, dtype=np.uint32)
    paths = ["Food > Bread"] * (count - 1) + ["x" * letters]
    long = ItemTexts(nos, ["t"] * count, paths, ["b"] * count)
    tracemalloc.start()
    learned_seasons(year(), long)
    learned_baskets(year(), long, ContentVectors(nos[:0], np.zeros((0, 4), np.float32)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < count * letters


def factors_of(model, path):
    return model.factors[model.categories.index(path)]


def test_a_category_has_its_season():
    model = learned_seasons(year(), texts())
    ice = factors_of(model, "Food > Ice")
    assert ice.shape == (FORTNIGHTS,)
    assert ice[fortnight_of(200 * DAY_US)] > 1.5
    assert ice[fortnight_of(20 * DAY_US)] < 0.5
    bread = factors_of(model, "Food > Bread")
    assert bread[fortnight_of(20 * DAY_US)] > 1.0


def test_when_the_whole_shop_sells_more_no_category_has_a_season():
    busy = year(ice=lambda _day: 10)
    december = busy.times_us >= 330 * DAY_US
    twice = Interactions(
        busy.person_ids,
        *(
            np.concatenate((column, column[december], column[december]))
            for column in (busy.persons, busy.offer_nos, busy.times_us, busy.weights)
        ),
    )
    assert learned_seasons(twice, texts()).factors == pytest.approx(1.0, abs=0.05)


def test_few_purchases_show_no_season():
    rarely = year(ice=lambda day: int(day in (30, 200, 201, 202)))
    assert factors_of(learned_seasons(rarely, texts()), "Food > Ice") == pytest.approx(
        1.0, abs=0.15
    )


def test_less_than_a_year_shows_no_season():
    assert learned_seasons(year(days=300), texts()).categories == ()
    assert learned_seasons(year(days=0), texts()).categories == ()


def test_what_came_into_the_range_later_has_none():
    model = learned_seasons(year(new=lambda day: 9 if day > 200 else 0), texts())
    assert model.categories == ("Food > Bread", "Food > Ice")


def test_what_is_sold_only_for_christmas_has_its_season():
    model = learned_seasons(year(days=420, new=lambda day: 9 if 300 <= day < 355 else 0), texts())
    christmas = factors_of(model, "Food > New")
    assert christmas[fortnight_of(330 * DAY_US)] > 3.0
    assert christmas[fortnight_of(150 * DAY_US)] < 0.7


def test_fortnights_go_round_the_year():
    days = np.arange(0, 800, 7) * DAY_US
    found = fortnight_of(days)
    assert (found.min(), found.max()) == (0, FORTNIGHTS - 1)
    assert fortnight_of(20_089 * DAY_US) == fortnight_of((20_089 + 365) * DAY_US)


def test_heat_is_weighed_by_the_category_of_each_item():
    catalogue = Catalogue()
    paths = ("Food > Ice", "Food > Bread")
    ice, bread = (catalogue.categories.number(path) for path in paths)
    factors = np.ones((2, FORTNIGHTS), np.float32)
    factors[0, 3] = 4.0
    model = SeasonModel(("Food > Ice", "Gone > By"), factors)
    season, category_no = Season(catalogue), np.array([0, ice, bread, ice], np.int32)
    for fortnight, weighed in ((3, [0.0, 8.0, 2.0, 0.0]), (4, [0.0, 2.0, 2.0, 0.0])):
        heat = np.array([0.0, 2.0, 2.0, 0.0])
        moment_us = int((fortnight + 0.5) * 365.2425 / FORTNIGHTS * DAY_US)
        season.weigh(heat, category_no, model, moment_us)
        assert heat.tolist() == weighed
    heat = np.array([0.0, 2.0, 2.0, 0.0])
    season.weigh(heat, category_no, SeasonModel.none(), 0)
    assert heat.tolist() == [0.0, 2.0, 2.0, 0.0]
