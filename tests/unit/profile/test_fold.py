"""What each kind of event does to a profile."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.domain import cart, interest, opinions
from services.profile.domain.event import DAY_US, MINUTE_US
from services.profile.domain.owned import MAX_DAYS, kept
from services.profile.domain.reading import (
    NO_TIERS,
    Tiers,
    age,
    attribute,
    liked,
    standing_declines,
    standing_token,
    traits,
)
from services.profile.domain.state import MAX_ATTRIBUTES, State, describe, say
from tests.unit.profile.happenings import NOON_US, happened, state_of

DAY = 24 * 60


def bought(minutes, **what):
    return happened("purchase", minutes, **{"offer_no": 1, "family_no": 1, **what})


def owned(*events):
    return dict(kept(state_of(*events).owned))


def test_two_purchases_on_one_day_are_one_time_and_all_pieces():
    family = owned(bought(0, quantity=2.0), bought(5))[1]
    assert (family.times, family.quantity) == (1, 3.0)


def test_the_cycle_is_the_median_of_the_days_between():
    days = (0, 10, 20, 60)
    assert owned(*(bought(day * DAY) for day in days))[1].cycle_days == 10.0
    assert owned(bought(0), bought(10 * DAY))[1].cycle_days == 0.0


def test_of_more_days_than_are_remembered_the_newest_count_in_whatever_order_they_come():
    purchases = [bought(day * DAY) for day in range(MAX_DAYS + 8)]
    family = owned(*purchases)[1]
    assert (family.times, family.cycle_days) == (MAX_DAYS, 1.0)
    random.Random(3).shuffle(purchases)
    assert owned(*purchases)[1] == family


def test_the_cycle_is_that_of_the_newest_purchases():
    weekly, daily = range(0, 700, 7), range(700, 740)
    assert owned(*(bought(day * DAY) for day in (*weekly, *daily)))[1].cycle_days == 1.0


def test_what_was_given_back_is_not_owned_and_part_of_it_is():
    back = happened("return", 9, offer_no=1, family_no=1, quantity=1.0)
    assert not owned(bought(0), back)
    assert owned(bought(0, quantity=2.0), back)[1].quantity == 1.0


def test_families_come_most_recently_bought_first():
    state = state_of(bought(0, family_no=3), bought(9, family_no=2), bought(5, family_no=1))
    assert [family for family, _ in kept(state.owned)] == [2, 1, 3]


def test_lines_of_an_order_are_one_order_and_its_money_adds_up():
    state = state_of(
        bought(0, order_id="o", value_micros=50, cost_micros=20),
        bought(1, order_id="o", value_micros=30, cost_micros=10, quantity=2.0),
        bought(2, order_id="p", value_micros=7),
    )
    found = traits(state, NOON_US, NO_TIERS)
    assert (found.frequency, found.monetary_micros) == (2, 87)
    assert found.contribution_micros == (50 - 20) + (30 - 20) + 7
    assert found.contribution_is_sales


def test_orders_of_a_year_ago_are_out_of_the_window():
    state = state_of(bought(-366 * DAY, order_id="old"), bought(0, order_id="new"))
    assert traits(state, NOON_US, NO_TIERS).frequency == 1


def test_the_window_moves_on_while_nothing_happens():
    state = state_of(bought(0, order_id="o", value_micros=9))
    later = NOON_US + 400 * DAY_US
    found = traits(state, later, NO_TIERS)
    assert (found.frequency, found.monetary_micros) == (0, 0)
    assert found.recency_days == 400.0


def test_who_never_bought_is_new_and_the_best_are_on_top():
    tiers = Tiers(100, 50, 10)
    assert traits(state_of(), NOON_US, tiers).value_tier == "new"
    assert traits(state_of(), NOON_US, tiers).recency_days == -1.0
    for spent, tier in ((100, "top"), (99, "high"), (10, "medium"), (9, "low")):
        state = state_of(bought(0, value_micros=spent))
        assert traits(state, NOON_US, tiers).value_tier == tier


def test_interest_halves_in_thirty_days():
    state = state_of(happened("view", -30 * DAY, category="A"), happened("view", 0, category="B"))
    found = dict(interest.affinities(state.categories, 10))
    assert found["B"] == pytest.approx(2 * found["A"])
    assert sum(found.values()) == pytest.approx(1.0)


def test_an_impression_says_nothing_of_taste():
    assert not state_of(happened("impression", category="A", brand="X")).categories


def test_a_like_weighs_more_than_a_purchase_and_a_dislike_nothing():
    liking = state_of(
        happened("preference", category="A", details={"category": "A", "sentiment": "like"}),
        happened("purchase", category="B"),
        happened("preference", category="C", details={"category": "C", "sentiment": "dislike"}),
    )
    interests = opinions.of_categories(liking).interests
    assert [subject for subject, _ in interest.affinities(interests, 9)] == ["A", "B"]


def test_a_like_is_taken_back_whatever_order_the_words_come_in():
    item = {"offer_no": 4, "family_no": 4, "category": "A", "brand": "X"}
    like = happened("preference", details={"sentiment": "like"}, **item)
    back = happened("preference", 5, details={"sentiment": "neutral"}, **item)
    again = happened("preference", 9, details={"sentiment": "like"}, **item)
    liking, unsaid = state_of(like), state_of(back, like)
    assert opinions.of_categories(liking).interests.keys() == {"A"}
    assert opinions.of_brands(liking).interests.keys() == {"X"}
    assert not opinions.of_categories(unsaid).interests
    assert not opinions.of_brands(unsaid).interests
    assert opinions.of_categories(state_of(again, back)).interests.keys() == {"A"}


def test_liking_an_item_says_nothing_of_a_category_that_is_disliked():
    disliked = happened("preference", details={"category": "A", "sentiment": "dislike"})
    item = happened("preference", 5, details={}, offer_no=4, family_no=4, category="A")
    assert opinions.of_categories(state_of(disliked, item)).words["A"].yes


def test_what_lies_below_a_disliked_category_is_not_liked():
    affinities = [("A > B", 0.5), ("A", 0.2), ("AA", 0.2), ("C", 0.1)]
    assert liked(affinities, ["A"]) == [("AA", 0.2), ("C", 0.1)]
    assert liked(affinities, []) == affinities


def test_a_decline_of_an_item_is_lifted_by_buying_its_family():
    decline = happened("decline", 0, offer_no=2, family_no=1)
    assert standing_declines(state_of(decline)) == [(2, 1, NOON_US)]
    assert not standing_declines(state_of(decline, bought(1)))
    assert standing_declines(state_of(decline, bought(-5)))


def test_a_promotion_is_its_own_family():
    state = state_of(happened("decline", 0, offer_no=9))
    assert standing_declines(state) == [(9, 9, NOON_US)]


def lines(*events, now_us=NOON_US):
    items = cart.items(state_of(*events).cart, now_us)
    return {item.offer_no: (item.quantity, item.price_micros) for item in items}


def put(minutes, quantity=1.0, **what):
    return happened("add_to_cart", minutes, **{"offer_no": 1, "quantity": quantity, **what})


def test_nothing_can_be_taken_out_of_a_cart_that_is_not_in_it():
    out = happened("remove_from_cart", 1, offer_no=1, quantity=5.0)
    assert lines(put(0), out, put(2, 2.0)) == {1: (2.0, 0)}


def test_the_price_in_the_cart_is_what_was_said_last_else_the_catalogues():
    assert lines(put(0, 2.0, value_micros=30)) == {1: (2.0, 15)}
    assert lines(put(0, price_micros=40)) == {1: (1.0, 40)}


def test_a_purchase_empties_its_line_and_what_came_later_stays():
    assert lines(put(0, 3.0), bought(1), put(2)) == {1: (1.0, 0)}
    assert not lines(bought(1), put(0, 3.0))


def test_a_cart_is_forgotten_after_thirty_days():
    assert not lines(put(0), now_us=NOON_US + 31 * DAY_US)


@pytest.mark.parametrize(
    ("attributes", "years"),
    [
        ({"birth_date": "1990-01-31"}, 35),
        ({"birth_date": "1990-01-01"}, 36),
        ({"birth_date": "2009-01-01"}, 17),
        ({"birth_date": "2009-01-02"}, 16),
        ({"birth_year": "1980"}, 46),
        ({"age": "42"}, 42),
        ({"age": "very"}, 0),
        ({"birth_date": "2990-01-01"}, 0),
        ({}, 0),
    ],
)
def test_age_comes_out_of_whatever_says_it(attributes, years):
    state = State()
    describe(state, attributes, NOON_US)
    assert age(state, NOON_US) == years


def test_the_later_word_on_an_attribute_counts():
    state = State()
    describe(state, {"city": "York"}, NOON_US)
    describe(state, {"city": "Bath"}, NOON_US - MINUTE_US)
    assert state.attributes["city"] == (NOON_US, "York")


@given(st.permutations([(0, "Bath"), (5, "Bath"), (3, "York"), (9, ""), (8, "Rome")]))
def test_words_on_an_attribute_count_by_when_they_were_said_in_any_order(said):
    state = State()
    for minutes, city in said:
        describe(state, {"city": city}, NOON_US + minutes * MINUTE_US)
        say(state, "town", city, NOON_US + minutes * MINUTE_US)
    assert state.attributes["city"] == state.attributes["town"] == (NOON_US + 9 * MINUTE_US, "")


def test_a_word_said_again_is_of_then():
    state = State()
    for minutes, city in ((0, "Bath"), (5, "Bath"), (3, "York")):
        describe(state, {"city": city}, NOON_US + minutes * MINUTE_US)
    assert attribute(state, "city") == "Bath"


def test_of_too_many_attributes_those_are_kept_that_were_said_last():
    said = [
        happened("preference", minute, details={"attribute": f"a{minute}", "value": "x"})
        for minute in range(MAX_ATTRIBUTES + 9)
    ]
    kept = {f"a{minute}" for minute in range(9, MAX_ATTRIBUTES + 9)}
    assert state_of(*said).attributes.keys() == kept
    assert state_of(*reversed(said)).attributes.keys() == kept


def test_the_standing_token_tells_events_and_versions_apart():
    assert len({standing_token(1, [3]), standing_token(1, [4]), standing_token(2, [3])}) == 3
    assert standing_token(2, [2, 1]) == standing_token(2, [1, 2])


def test_a_late_change_of_what_was_bought_lately_does_not_refill_the_cart():
    purchases = [bought(minute, offer_no=minute) for minute in range(1, 31)]
    late = [happened("add_to_cart", 0, offer_no=number) for number in range(11, 31)]
    assert not lines(*purchases, *late)


def test_a_full_cart_keeps_the_lines_touched_last():
    state = state_of(*(put(minute, offer_no=minute + 1) for minute in range(150)))
    items = cart.items(state.cart, NOON_US + DAY_US)
    assert [item.offer_no for item in items] == list(range(150, 50, -1))
