"""Prices paid, and what was given back."""

import pytest

from services.profile.domain.event import DAY_US
from services.profile.domain.reading import NO_TIERS, traits
from tests.unit.profile.happenings import NOON_US, happened, state_of

DAY = 24 * 60


def bought(paid, price=100, order="o", minutes=0, **what):
    about = {"value_micros": paid, "price_micros": price, "order_id": order}
    return happened("purchase", minutes, **about, **what)


def found(*events, days=0):
    return traits(state_of(*events), NOON_US + days * DAY_US, NO_TIERS)


def test_nothing_is_said_of_who_bought_nothing_with_a_list_price():
    assert found().promotion_share == found().return_share == -1.0
    unknown = found(bought(50, price=0))
    assert (unknown.promotion_share, unknown.price_sensitivity) == (-1.0, -1.0)


def test_the_share_below_list_price_is_by_value_and_shrunk_by_the_orders_that_tell():
    lines = [bought(50, order="a"), bought(150, price=150, order="b")]
    assert found(*lines).promotion_share == pytest.approx(0.25 * 2 / 5)
    more = [bought(50, order=f"x{each}") for each in range(27)]
    assert found(*more).promotion_share == pytest.approx(27 / 30)


def test_a_small_discount_says_less_of_price_sensitivity_than_a_deep_one():
    small, deep = found(bought(90)), found(bought(60))
    assert small.promotion_share == deep.promotion_share == pytest.approx(1 / 4)
    assert small.price_sensitivity == pytest.approx(0.5 / 4)
    assert deep.price_sensitivity == pytest.approx(1 / 4)


def test_a_rounded_price_is_no_promotion():
    assert found(bought(995, price=1000)).promotion_share == 0.0


def test_a_discount_that_is_said_outranks_the_catalogue():
    said = bought(8_000_000, price=0, details={"discount": "2"})
    assert found(said).promotion_share == pytest.approx(1 / 4)
    none = bought(8_000_000, price=10_000_000, quantity=1.0, details={"discount": "0"})
    assert found(none).promotion_share == 0.0


def test_the_share_given_back_is_by_value():
    back = happened("return", 9, value_micros=30, order_id="o")
    assert found(bought(60), bought(60), back).return_share == pytest.approx(0.25)
    assert found(bought(60)).return_share == 0.0


def test_both_are_of_twelve_months():
    assert found(bought(50), days=366).promotion_share == -1.0
    assert found(bought(50), happened("return", value_micros=9), days=366).return_share == -1.0


def test_complaints_of_twelve_months_are_counted_and_their_end_is_none():
    closed = happened("complaint", 5, details={"status": "closed"})
    events = [happened("complaint", -400 * DAY), happened("complaint"), closed]
    assert found(*events).complaints == 1
