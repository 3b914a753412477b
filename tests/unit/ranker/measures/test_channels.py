"""Every measure says where what it counts was seen, and where it was bought."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.measures.following import first_after, last_before
from tests.unit.ranker.measures.story import (
    EMAIL,
    MINUTE_US,
    NOWHERE,
    STORE,
    WEB,
    by_channels,
    deeds,
    places,
)

LAMP = {"offer_no": 1}
IN_STORE = LAMP | {"channel": STORE, "value_micros": 50_000_000}
LOGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=20)


def test_a_visit_to_the_web_is_bought_in_the_store_where_that_is_within_a_day():
    done = deeds(
        (0, 0, "view", LAMP),
        (0, 10 * MINUTE_US, "view", LAMP),
        (0, 10 * MINUTE_US + DAY_US, "purchase", IN_STORE),
        (1, 0, "view", LAMP),
        (1, DAY_US + 1, "purchase", IN_STORE),
    )
    assert by_channels("stickiness", done) == {
        (WEB, STORE): (600, 600, 1),
        (WEB, NOWHERE): (0, 0, 1),
        (STORE, STORE): (0, 0, 2),
    }


def test_revenue_per_visit_is_of_the_first_visit_that_a_purchase_may_belong_to_and_counts_once():
    done = deeds(
        (0, 0, "view", LAMP),
        (0, 4 * HOUR_US, "view", LAMP | {"channel": EMAIL}),
        (0, 8 * HOUR_US, "purchase", IN_STORE),
        (1, 0, "view", LAMP),
    )
    assert by_channels("revenue_per_visit", done) == {
        (WEB, STORE): (25, 50, 2),
        (WEB, NOWHERE): (0, 0, 2),
        (EMAIL, NOWHERE): (0, 0, 1),
        (STORE, NOWHERE): (0, 0, 1),
    }


def test_what_comes_back_stands_with_the_purchase_of_its_order_and_else_of_its_product():
    done = deeds(
        (0, 0, "purchase", LAMP | {"value_micros": 30_000_000, "order": 1}),
        (0, 5, "purchase", IN_STORE | {"order": 2}),
        (0, 9, "return", LAMP | {"value_micros": 30_000_000, "order": 1, "channel": STORE}),
        (1, 0, "purchase", IN_STORE | {"order": 3}),
        (1, 5, "return", LAMP | {"value_micros": 10_000_000, "order": 4}),
        (1, 6, "return", {"offer_no": 2, "value_micros": 7_000_000, "order": 3}),
        (2, 0, "purchase", {"value_micros": 3_000_000, "order": 5}),
        (2, 1, "return", {"value_micros": 3_000_000, "order": 5}),  # of what, nobody says
    )
    assert by_channels("returned", done) == {
        (NOWHERE, WEB): (pytest.approx(30 / 33), 30, 33),
        (NOWHERE, STORE): (pytest.approx(0.1), 10, 100),
        (NOWHERE, NOWHERE): (0, 10, 0),
    }


def test_an_order_is_seen_where_the_first_of_its_things_was_shown():
    shown = places(
        (0, 0, 0, 2, {"channel": EMAIL, "is_seen": True}),
        (0, 1, 1, 3, {"channel": WEB, "is_seen": True}),
    )
    order = {"channel": STORE, "value_micros": 10_000_000, "order": 1}
    done = deeds(
        (0, 5, "purchase", order | {"offer_no": 1}),
        (0, 6, "purchase", order | {"offer_no": 2}),
        (0, 7, "purchase", order | {"offer_no": 3}),
    )
    assert by_channels("order_value", done, shown) == {(EMAIL, STORE): (30, 30, 1)}
    assert by_channels("revenue", done, shown) == {
        (NOWHERE, STORE): (10, 10, 1),
        (EMAIL, STORE): (10, 10, 1),
        (WEB, STORE): (10, 10, 1),
    }


def test_of_what_was_shown_on_a_channel_the_shares_accepted_on_all_add_up():
    shown = places(*((0, n, 0, n + 1, {"is_seen": True}) for n in range(4)))
    done = deeds(
        (0, 1, "purchase", LAMP),
        (0, 2, "purchase", {"offer_no": 2, "channel": STORE}),
        (0, 3, "purchase", LAMP | {"channel": STORE}),
    )
    assert by_channels("acceptance", done, shown) == {
        (WEB, WEB): (0.25, 1, 4),
        (WEB, STORE): (0.25, 1, 4),
        (WEB, NOWHERE): (0, 0, 4),
    }


def test_a_cart_left_on_the_web_may_be_bought_in_the_store_too_late():
    done = deeds(
        (0, 0, "add_to_cart", LAMP),
        (0, DAY_US + 1, "purchase", IN_STORE),
        (1, 0, "add_to_cart", LAMP),
        (2, 0, "add_to_cart", LAMP),
        (2, DAY_US, "purchase", IN_STORE),
    )
    assert by_channels("cart_abandonment", done) == {
        (WEB, STORE): (pytest.approx(1 / 3), 1, 3),
        (WEB, NOWHERE): (pytest.approx(1 / 3), 1, 3),
    }


def test_an_objection_is_laid_to_what_was_shown_last_before_it():
    shown = places(
        (0, 0, 0, 1, {"channel": WEB, "is_seen": True}),
        (0, 1, 5, 2, {"channel": EMAIL, "is_seen": True}),
        (0, 2, 9, 3, {"channel": WEB, "is_seen": True}),
    )
    done = deeds((0, 3, "purchase", IN_STORE), (0, 8, "unsubscribe"), (1, 8, "unsubscribe"))
    assert by_channels("opt_outs", done, shown) == {
        (EMAIL, STORE): (0.5, 1, 2),
        (NOWHERE, NOWHERE): (0.5, 1, 2),
    }


def test_whoever_stays_is_told_by_where_they_bought_before_that_could_be_known():
    done = deeds(
        (0, 0, "view"),
        (0, 60 * DAY_US, "purchase", IN_STORE),
        (1, 0, "purchase", IN_STORE),
    )
    assert by_channels("retention", done) == {
        (WEB, NOWHERE): (1, 1, 1),
        (STORE, STORE): (0, 0, 1),
    }


@given(LOGS, LOGS)
def test_the_nearest_row_before_and_after_is_the_one_that_looking_through_all_finds(asks, log):
    def columns(rows):
        return (np.array([row[at] for row in rows], np.int64) for at in (0, 1))

    before = [
        max((row[1], n) for n, row in enumerate([(-1, -1), *log]) if n == 0 or _fits(row, ask, 1))
        for ask in asks
    ]
    after = [
        min((row[1], n) for n, row in enumerate([(-1, 99), *log]) if n == 0 or _fits(row, ask, -1))
        for ask in asks
    ]
    told = *columns(asks), *columns(log)
    assert last_before(*told).tolist() == [place - 1 for _, place in before]
    assert first_after(*told).tolist() == [place - 1 for _, place in after]


def _fits(row, ask, sign):
    return row[0] == ask[0] and sign * row[1] <= sign * ask[1]
