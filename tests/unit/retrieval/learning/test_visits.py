from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning import visits as limits
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.visits import Visits, visits_of
from tests.unit.retrieval.learning.clicks import clicks
from tests.unit.retrieval.learning.tastes import DAY_US, NOW_US, events

NONE = np.zeros(0, np.int32)


def told(visits: Visits) -> list[list[int]]:
    numbers = visits.offer_nos[visits.rows].tolist()
    return [numbers[begin:end] for begin, end in zip(visits.starts, visits.starts[1:])]


def test_visits_come_by_age_and_clicks_by_time_however_the_log_is_sorted() -> None:
    log = clicks([7, 5, 7], [9, 5])
    shuffled = log.only(np.array([4, 2, 0, 3, 1]))
    assert told(visits_of(shuffled)) == [[7, 5, 7], [9, 5]]
    assert told(visits_of(shuffled).distinct()) == [[5, 7], [9, 5]]


def test_a_purchase_of_what_was_looked_at_is_no_click_but_is_remembered() -> None:
    visits = visits_of(clicks([7, 5, -7, -8]))
    assert told(visits) == [[7, 5, 8]]
    assert visits.bought.tolist() == [True, False, True]
    assert visits.looked.tolist() == [True, True, False]


def test_without_a_session_an_order_is_a_visit_and_else_half_an_hour_of_quiet_ends_one() -> None:
    minute = 1 / 1440
    log = events(
        ("ann", 1, 5.0, 1.0),
        ("ann", 2, 4.0, 1.0),
        ("bob", 3, 3.0, 0.1),
        ("bob", 4, 3.0 - 29 * minute, 0.1),
        ("bob", 5, 3.0 - 60 * minute, 0.1),
        ("cid", 6, 3.0 - 61 * minute, 0.1),
    )
    log = replace(log, orders=np.array([1, 1, 0, 0, 0, 0], np.int32), sessions=NONE)
    assert told(visits_of(log)) == [[1, 2], [3, 4], [5], [6]]


def test_a_session_outranks_the_order_and_their_numbers_do_not_mix() -> None:
    log = clicks([1, 2], [3])
    log = replace(
        log,
        sessions=np.array([1, 0, 0], np.int32),
        orders=np.array([1, 1, 1], np.int32),
    )
    assert sorted(map(sorted, told(visits_of(log)))) == [[1], [2, 3]]


def test_only_the_newest_visits_and_the_last_clicks_of_each_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_OF_ONE", 2)
    monkeypatch.setattr(limits, "MOST_VISITS", 2)
    log = clicks([1, 2, 3], [4, 5, 6, 7], [8])
    assert told(visits_of(log)) == [[6, 7], [8]]
    monkeypatch.setattr(limits, "MOST_CLICKS", 2)
    assert told(visits_of(log)) == [[7], [8]]


def test_an_empty_log_has_no_visits() -> None:
    log = events(("ann", 1, 1.0, 1.0))
    empty: Interactions = log.only(np.zeros(1, np.bool_))
    assert len(visits_of(empty)) == 0
    assert told(visits_of(empty).distinct()) == []


def test_a_part_of_the_visits_keeps_the_numbering_of_rows() -> None:
    visits = visits_of(clicks([7, 5], [9, 5], [7]))
    assert told(visits.between(1, 3)) == [[9, 5], [7]]
    assert visits.between(0, 2).times_us.tolist() == visits.times_us[:2].tolist()
    assert NOW_US - 2 * DAY_US < visits.times_us[-1] < NOW_US
