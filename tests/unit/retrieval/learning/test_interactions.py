from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.history import DAY_US, history_until
from services.retrieval.domain.learning.interactions import InteractionLog
from tests.unit.retrieval.learning.tastes import NOW_US, events


def log_of(*rows: tuple[str, str, int, bool]) -> InteractionLog:
    log = InteractionLog()
    person_ids, types, offer_nos, gifts = zip(*rows)
    log.add(
        person_ids,
        types,
        np.array(offer_nos, np.uint32),
        np.arange(len(rows), dtype=np.int64),
        gifts,
    )
    return log


def test_purchases_say_more_than_carts_and_those_more_than_views() -> None:
    taken = log_of(
        ("ann", "view", 5, False), ("ann", "add_to_cart", 5, False), ("bob", "purchase", 5, False)
    ).interactions()
    view, cart, purchase = taken.weights.tolist()
    assert view < cart < purchase
    assert taken.are_purchases.tolist() == [False, False, True]


def test_gifts_nobody_nothing_and_other_types_teach_nothing() -> None:
    log = log_of(
        ("ann", "purchase", 5, True),
        ("", "purchase", 5, False),
        ("ann", "purchase", 0, False),
        ("ann", "page_view", 5, False),
        ("bob", "purchase", 6, False),
    )
    taken = log.interactions()
    assert len(log) == 1
    assert taken.person_ids == ("bob",)
    assert taken.offer_nos.tolist() == [6]


def test_events_of_one_session_have_one_number_and_those_of_none_have_none() -> None:
    log = InteractionLog()
    for _ in range(2):
        log.add(
            ["ann", "ann", "", "bob", "ann"],
            ["view"] * 5,
            np.full(5, 7, np.uint32),
            np.arange(5),
            [False] * 5,
            session_ids=["s1", "", "s3", "s2", "s1"],
        )
    log.add(["ann"], ["view"], np.full(1, 7, np.uint32), np.zeros(1, np.int64), [False])
    taken = log.interactions().numbered()
    assert taken.sessions.tolist() == [1, 0, 2, 1, 1, 0, 2, 1, 0]
    assert taken.only(taken.sessions == 2).sessions.tolist() == [2, 2]


def test_an_empty_log_has_no_interactions() -> None:
    taken = InteractionLog().interactions()
    assert len(taken.persons) == len(taken.person_ids) == 0


def test_a_habit_counts_days_and_fades_by_its_half_life() -> None:
    history = history_until(
        events(
            ("ann", 7, 84.2, 1.0),
            ("ann", 7, 84.1, 1.0),
            ("ann", 7, 0.5, 1.0),
            ("bob", 7, 0.5, 0.1),
        ),
        NOW_US,
    )
    assert history.taste.rows.tolist() == [0, 0]
    assert history.habits[0, -2] == pytest.approx(1.5)
    assert history.bought.tolist() == [True, False]
    assert history.repeats.tolist() == [2.0]
    assert history.taste.weights[0] > history.taste.weights[1]


def test_heat_counts_each_buyer_once_and_halves_in_two_weeks() -> None:
    history = history_until(
        events(("ann", 7, 28.0, 1.0), ("ann", 7, 14.0, 1.0), ("bob", 7, 0.0001, 1.0)), NOW_US
    )
    assert history.heat[0] == pytest.approx(1.5, abs=1e-4)


def test_what_only_one_person_dealt_with_is_not_learned() -> None:
    history = history_until(
        events(("ann", 7, 3.0, 1.0), ("ann", 8, 3.0, 1.0), ("bob", 8, 3.0, 0.1)), NOW_US
    )
    assert history.offer_nos.tolist() == [8]


def test_history_ends_at_its_moment() -> None:
    log = events(("ann", 7, 3.0, 1.0), ("bob", 7, 3.0, 1.0), ("cid", 7, 1.0, 1.0))
    assert history_until(log, NOW_US - 2 * DAY_US).heat[0] == pytest.approx(2 * 2 ** (-1 / 14))
