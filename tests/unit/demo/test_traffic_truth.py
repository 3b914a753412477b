"""The hidden truth follows taste, price and habit, and never changes its mind."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from statistics import fmean

import pytest

from demo.shop import story
from demo.shop.personas import PERSONAS
from demo.shop.tastes import Assortment, draw_taste
from demo.traffic.truth import HiddenTruth
from demo.traffic.wares import Ware, Wares, story_wares

WARES = story_wares(date(2026, 1, 1))
TRUTH = HiddenTruth.of(1, WARES)


@pytest.fixture(scope="module")
def wares() -> Wares:
    return WARES


def _taste(wares, persona, draw=1):
    found = next(each for each in PERSONAS if each.name == persona)
    return draw_taste(found, "male", Assortment.of(wares.items), random.Random(draw))


def test_a_runner_takes_running_shoes_and_a_baker_a_cake_tin(wares):
    shoes, tin = wares.by_id[story.RUNNING_SHOES], wares.by_id[story.BUNDT_PAN]
    runner, baker = _taste(wares, "runner"), _taste(wares, "home baker")
    even = replace(TRUTH, cravings={}, habits=dict.fromkeys(TRUTH.habits, 0.0))
    assert even.probability(runner, shoes) > 2 * even.probability(baker, shoes)
    assert even.probability(baker, tin) > 2 * even.probability(runner, tin)


def test_whole_personas_take_from_one_department_and_not_from_another(wares):
    shoes = wares.by_id[story.RUNNING_SHOES]
    craved = replace(TRUTH, cravings={("home baker", "Running"): 3.0})
    calm = replace(TRUTH, cravings={})
    for draw in (1, 2):
        baker, runner = _taste(wares, "home baker", draw), _taste(wares, "runner", draw)
        assert craved.probability(baker, shoes) > 3 * calm.probability(baker, shoes)
        assert craved.probability(runner, shoes) == calm.probability(runner, shoes)


def test_of_the_same_liking_the_dearer_is_taken_less_and_by_the_thrifty_least(wares):
    taste = replace(_taste(wares, "cyclist"), thrift=0.1)
    bike = wares.by_id[story.GRAVEL_BIKE]
    cheaper = replace(bike, price_cents=bike.price_cents // 10)
    assert TRUTH.probability(taste, cheaper) > TRUTH.probability(taste, bike)
    assert TRUTH.probability(replace(taste, thrift=0.9), bike) < TRUTH.probability(taste, bike)


def test_a_promotion_about_the_price_moves_the_thrifty_and_another_does_not(wares):
    thrifty = replace(_taste(wares, "runner"), thrift=0.9)
    spender = replace(thrifty, thrift=0.1)
    price_led, service = wares.by_id["promo-running-10"], wares.by_id["promo-bike-service"]
    assert TRUTH.probability(thrifty, price_led) > TRUTH.probability(spender, price_led)
    assert TRUTH.probability(thrifty, service) == TRUTH.probability(spender, service)


def test_what_is_about_nothing_is_neither_liked_nor_disliked(wares):
    for persona in ("runner", "home baker"):
        whim, other_whim = _taste(wares, persona), _taste(wares, persona, draw=2)
        default = Ware("default.new", "CONTENT")
        assert TRUTH.probability(whim, default) == TRUTH.probability(other_whim, default)


def test_another_seed_gives_the_personas_other_habits():
    assert HiddenTruth.of(1, WARES) == TRUTH
    assert HiddenTruth.of(2, WARES).habits != TRUTH.habits
    assert HiddenTruth.of(2, WARES).cravings != TRUTH.cravings


def test_a_moment_answers_an_offer_always_the_same_way_and_many_as_often_as_likely(wares):
    taste, shoes = _taste(wares, "runner"), wares.by_id[story.RUNNING_SHOES]
    answers = [TRUTH.accepts(f"{number}", taste, shoes) for number in range(2_000)]
    assert answers == [TRUTH.accepts(f"{number}", taste, shoes) for number in range(2_000)]
    assert fmean(answers) == pytest.approx(TRUTH.probability(taste, shoes), abs=0.04)
