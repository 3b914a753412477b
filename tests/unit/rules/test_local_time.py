"""Days, weeks and quiet hours begin and end when the clock on the person's wall says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.domain.local_time import (
    Hours,
    cover_the_day,
    day_of,
    find_zone,
    local,
    over_at_us,
    week_of,
)
from tests.properties import examples

MINUTE = 60_000_000
HOUR = 60 * MINUTE
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # midnight itself is left out in spring, and the hour before it repeats
    "Australia/Lord_Howe",  # the clock is changed by half an hour
    "Asia/Kathmandu",
    "Pacific/Apia",
)
CHANGES = ("2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-25", "2026-11-01")
"""Days around which those clocks are changed."""


def us(text: str) -> int:
    instant = datetime.fromisoformat(text)
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1e6)


moments = st.builds(
    lambda day, minutes: us(day) + minutes * MINUTE,
    st.sampled_from(CHANGES),
    st.integers(-36 * 60, 36 * 60),
)
zones = st.sampled_from(ZONES).map(find_zone)
hours = st.builds(Hours, st.integers(0, 1439), st.integers(0, 1439)).filter(
    lambda found: found.from_minute != found.until_minute
)


@given(moments, zones)
@examples(400)
def test_all_of_a_day_is_on_one_date_and_nothing_beside_it(now_us, zone):
    starts_us, ends_us = day_of(now_us, zone)
    today = local(now_us, zone).date()
    assert starts_us <= now_us < ends_us
    assert local(starts_us, zone).date() == local(ends_us - 1, zone).date() == today
    assert local(starts_us - 1, zone).date() < today < local(ends_us, zone).date()


@given(moments, zones)
@examples(400)
def test_a_week_begins_on_monday(now_us, zone):
    starts_us, ends_us = week_of(now_us, zone)
    assert starts_us <= now_us < ends_us
    week = local(now_us, zone).isocalendar()[:2]
    assert local(starts_us, zone).isocalendar() == (*week, 1)
    assert local(ends_us - 1, zone).isocalendar() == (*week, 7)


@given(moments, zones, st.lists(hours, min_size=1, max_size=3))
@examples(400)
def test_quiet_hours_are_over_at_the_first_minute_that_none_of_them_holds(now_us, zone, quiet):
    if cover_the_day(quiet):
        return

    def holds(at_us: int) -> bool:
        found = local(at_us, zone)
        return any(each.holds(found.hour * 60 + found.minute) for each in quiet)

    ends_us = now_us
    while holds(ends_us):
        ends_us += MINUTE
    assert over_at_us(quiet, now_us, zone) == (ends_us if ends_us != now_us else 0)


def test_an_hour_that_the_clock_repeats_is_quiet_twice() -> None:
    berlin = find_zone("Europe/Berlin")
    quiet = [Hours(2 * 60, 3 * 60)]
    assert over_at_us(quiet, us("2026-10-25T00:30"), berlin) == us("2026-10-25T02:00")
    assert over_at_us(quiet, us("2026-10-25T01:30"), berlin) == us("2026-10-25T02:00")
    assert over_at_us(quiet, us("2026-03-29T01:00"), berlin) == 0


def test_quiet_hours_may_pass_midnight() -> None:
    night = [Hours(21 * 60, 8 * 60)]
    utc = find_zone("UTC")
    assert over_at_us(night, us("2026-06-01T20:59"), utc) == 0
    assert over_at_us(night, us("2026-06-01T21:00"), utc) == us("2026-06-02T08:00")
    assert over_at_us(night, us("2026-06-02T07:59"), utc) == us("2026-06-02T08:00")


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "a b"])
def test_what_is_no_zone_is_told(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        find_zone(name)
