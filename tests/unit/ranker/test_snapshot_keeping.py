"""Which snapshots are kept as time goes by: enough to go back, and not too many."""

from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.answers import DAY_US, HOUR_US
from services.ranker.domain.snapshot_keeping import MOST_KEPT, NEWEST, kept_snapshots

MINUTE_US = 60_000_000
NOON_US = 20_000 * DAY_US + 12 * HOUR_US


def saved_for(days, every_us):
    """Save so often for so many days, and thin out each time; returns what is left and when."""
    saved, number, now_us = {}, 0, NOON_US
    while now_us <= NOON_US + days * DAY_US:
        number += 1
        saved[number] = now_us
        kept = kept_snapshots(saved, now_us)
        saved = {each: saved_us for each, saved_us in saved.items() if each in kept}
        assert len(saved) <= MOST_KEPT
        now_us += every_us
    return saved, now_us - every_us


def test_there_is_one_from_before_every_hour_of_the_last_day_and_every_day_of_the_last_month():
    saved, now_us = saved_for(40, 10 * MINUTE_US)
    ages = [now_us - saved_us for saved_us in saved.values()]
    for hours in range(1, 24):
        assert any(hours * HOUR_US <= age < (hours + 1) * HOUR_US for age in ages), hours
    for days in range(1, 30):
        assert any(days * DAY_US <= age < (days + 1) * DAY_US for age in ages), days
    assert max(ages) <= 30 * DAY_US


def test_the_newest_three_are_kept_however_old_they_are():
    saved = {number: NOON_US - number * DAY_US for number in range(5)}
    assert kept_snapshots(saved, NOON_US + 400 * DAY_US) == {2, 3, 4}


@given(st.dictionaries(st.integers(1, 500), st.integers(0, 60 * DAY_US)), st.integers(0, 61))
def test_never_more_than_the_bound_and_the_newest_always(saved, days):
    kept = kept_snapshots(saved, days * DAY_US)
    assert len(kept) <= MOST_KEPT
    assert set(sorted(saved)[-NEWEST:]) <= kept <= set(saved)
