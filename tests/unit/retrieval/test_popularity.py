"""How events are counted."""

import numpy as np
import pytest

from services.retrieval.domain.popularity import HALF_LIFE_US, Popularity, SeenEvents

DAY_US = 86_400_000_000
NOW_US = 20_000 * DAY_US


def test_heat_halves_with_every_half_life():
    counts = Popularity(NOW_US)
    counts.note(1, "purchase", NOW_US)
    counts.note(2, "purchase", NOW_US - HALF_LIFE_US)
    heat = counts.heat(3)
    assert heat[1] == pytest.approx(2 * heat[2])


def test_ratios_of_heat_outlast_centuries():
    counts = Popularity(NOW_US)
    counts.note(1, "purchase", NOW_US)
    later_us = NOW_US + 5_000 * HALF_LIFE_US
    counts.note(2, "purchase", later_us)
    counts.note(3, "purchase", later_us - HALF_LIFE_US)
    heat = counts.heat(4)
    assert np.isfinite(heat).all()
    assert heat[2] == pytest.approx(2 * heat[3])
    assert heat[1] < heat[3]


def test_purchases_leave_the_window_after_30_days():
    counts = Popularity(NOW_US)
    counts.note(1, "purchase", NOW_US)
    counts.note(1, "purchase", NOW_US - 29 * DAY_US)
    assert counts.sold(2, NOW_US)[1] == 2
    assert counts.sold(2, NOW_US + DAY_US)[1] == 1
    assert counts.sold(2, NOW_US + 30 * DAY_US)[1] == 0


def test_a_late_event_does_not_count_for_the_day_that_took_its_row():
    counts = Popularity(NOW_US)
    counts.note(1, "purchase", NOW_US)
    counts.note(1, "purchase", NOW_US - 30 * DAY_US)
    assert counts.sold(2, NOW_US)[1] == 1


def test_columns_and_single_events_count_alike():
    columns, single = Popularity(NOW_US), Popularity(NOW_US)
    columns.add(
        np.array([5, 0, 5, 3000], np.uint32),
        np.array([NOW_US, NOW_US, NOW_US - DAY_US, NOW_US], np.int64),
        np.array([1.0, 1.0, 0.05, 1.0]),
        np.array([True, True, False, True]),
    )
    single.note(5, "purchase", NOW_US)
    single.note(5, "view", NOW_US - DAY_US)
    single.note(3000, "purchase", NOW_US)
    single.note(7, "email_open", NOW_US)
    assert columns.heat(4000) == pytest.approx(single.heat(4000))
    assert (columns.sold(4000, NOW_US) == single.sold(4000, NOW_US)).all()
    assert columns.sold(4000, NOW_US).sum() == 2


def test_an_event_number_that_was_passed_is_not_new():
    seen = SeenEvents()
    assert [seen.is_new("ada", seq) for seq in (1, 3, 2, 3, 4)] == [True, True, False, False, True]
    assert seen.is_new("bob", 1)


def test_numbers_of_persons_not_heard_of_lately_are_forgotten():
    seen = SeenEvents(most_persons=2)
    for person in ("ada", "bob", "cleo"):
        seen.is_new(person, 5)
    assert not seen.is_new("ada", 5)
    for person in ("dan", "eve", "fay", "gus", "hal", "ivy"):
        seen.is_new(person, 1)
    assert seen.is_new("ada", 5)


def test_a_forgotten_person_leaves_no_number():
    seen = SeenEvents()
    seen.is_new("ada", 5)
    seen.forget(["ada"])
    assert seen.is_new("ada", 1)
