"""A client is due for a word for a reason that whoever looks after them can act on."""

import pytest

from services.profile.domain.due import Due, Why, words_due
from services.profile.domain.event import DAY_US, MINUTE_US
from services.profile.domain.state import describe
from tests.unit.profile.happenings import NOON_US, happened, state_of

DAY = 24 * 60
NOW_US = NOON_US + 200 * DAY_US
LONG_AGO_US = NOON_US - 300 * DAY_US
LATELY_US = NOW_US - 30 * DAY_US


def ago(kind, days, **what):
    return happened(kind, (200 - days) * DAY, **what)


def reasons(*events, since_us=LATELY_US, attributes=()):
    state = state_of(*events)
    describe(state, dict(attributes), NOON_US)
    return words_due(state, since_us, NOW_US)


def why(*events, **more):
    return [due.why for due in reasons(*events, **more)]


def bought(*days_ago, **what):
    return [ago("purchase", day, order_id=f"o{day}", **what) for day in days_ago]


def test_nothing_is_due_with_somebody_who_gave_no_reason():
    assert why(ago("view", 1), *bought(1)) == []


def test_a_complaint_is_due_first_and_even_where_marketing_was_refused():
    left = ago("add_to_cart", 2, offer_no=7, price_micros=5)
    assert why(left, ago("complaint", 3)) == [Why.COMPLAINT, Why.CART_LEFT]
    refused = ago("unsubscribe", 4, details={"purpose": "marketing"})
    assert why(left, ago("complaint", 3), refused) == [Why.COMPLAINT]


def test_a_closed_complaint_is_no_reason():
    assert why(ago("complaint", 3), ago("complaint", 2, details={"status": "closed"})) == []


@pytest.mark.parametrize(("days", "is_due"), [(0.5, False), (2, True), (13, True), (15, False)])
def test_a_cart_was_left_after_a_day_and_forgotten_after_two_weeks(days, is_due):
    left = ago("add_to_cart", days, offer_no=7, quantity=2.0, value_micros=10)
    assert (Why.CART_LEFT in why(left)) == is_due


def test_a_left_cart_tells_its_worth_and_since_when():
    left = ago("add_to_cart", 2, offer_no=7, quantity=2.0, value_micros=10)
    assert reasons(left) == [Due(Why.CART_LEFT, NOW_US - 2 * DAY_US, value_micros=10)]


def test_what_is_bought_in_a_rhythm_is_due_when_the_rhythm_says_so():
    regular = bought(35, 25, 15, family_no=4, offer_no=4)
    [due] = [each for each in reasons(*regular) if each.why is Why.BUY_AGAIN]
    assert due == Due(Why.BUY_AGAIN, NOW_US - 5 * DAY_US, family_no=4)
    assert Why.BUY_AGAIN not in why(*bought(25, 15, 5, family_no=4, offer_no=4))
    assert Why.BUY_AGAIN not in why(*bought(50, 40, 30, family_no=4, offer_no=4))


def test_a_birthday_is_due_a_week_ahead():
    day = {"birth_date": "1990-07-20"}  # NOW_US is 2026-07-20 at noon
    [due] = reasons(attributes=day)
    assert due == Due(Why.BIRTHDAY, NOW_US - 12 * 60 * MINUTE_US)
    assert why(attributes={"birth_date": "1990-07-27"}) == [Why.BIRTHDAY]
    assert why(attributes={"birth_date": "1990-07-28"}) == []
    assert why(attributes={"birth_date": "some day"}) == []


@pytest.mark.parametrize(("days", "is_due"), [(50, False), (51, True), (58, True), (59, False)])
def test_who_was_born_on_a_leap_day_is_due_before_the_end_of_february(days, is_due):
    state = state_of()
    describe(state, {"birth_date": "1992-02-29"}, NOON_US)
    now_us = NOON_US + days * DAY_US  # NOON_US is 2026-01-01 at noon
    found = words_due(state, now_us - 30 * DAY_US, now_us)
    assert (Why.BIRTHDAY in [due.why for due in found]) == is_due


def test_a_new_client_is_due_until_somebody_spoke_with_them():
    new = {"since_us": NOW_US - 3 * DAY_US}
    assert why(**new) == [Why.NEW_CLIENT]
    assert why(ago("call_ended", 2, channel=7), **new) == []


def test_somebody_who_buys_less_often_than_usual_is_lapsing():
    assert why(*bought(70, 60, 50)) == [Why.LAPSING]
    assert why(*bought(50, 40, 30, 15)) == []


def test_a_word_of_this_week_is_enough():
    spoken = ago("agent_note", 3)
    assert why(*bought(70, 60, 50), spoken) == []


def test_after_three_months_without_a_word_one_is_due():
    assert why(ago("view", 1), since_us=LONG_AGO_US) == [Why.LONG_SILENT]
    assert why(ago("call_ended", 80, channel=7), since_us=LONG_AGO_US) == []


def test_nobody_is_called_silent_whose_older_events_are_not_kept():
    views = [ago("view", 40 - n / 2) for n in range(60)]
    assert why(*views, since_us=LONG_AGO_US) == []
