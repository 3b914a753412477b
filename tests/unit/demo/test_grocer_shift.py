"""The grocer's year moves by whole weeks to end before today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from demo.grocer.purchases import WEEK_S, shift_weeks

LAST = datetime(2018, 1, 1, 4, 1, 20, tzinfo=UTC)  # a Monday


def moved(today: date) -> datetime:
    today_s = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp())
    weeks = shift_weeks(int(LAST.timestamp()), today_s)
    return LAST + timedelta(seconds=weeks * WEEK_S)


def test_the_last_line_is_yesterday_where_yesterday_is_its_weekday() -> None:
    assert moved(date(2026, 1, 6)).date() == date(2026, 1, 5)


@pytest.mark.parametrize("day", range(1, 15))
def test_the_last_line_lies_in_the_week_before_today_on_its_weekday(day: int) -> None:
    today = date(2026, 3, day)
    last = moved(today)
    assert last.weekday() == LAST.weekday()
    assert 1 <= (today - last.date()).days <= 7


def test_a_day_before_the_data_moves_them_back() -> None:
    assert moved(date(2017, 6, 1)).date() == date(2017, 5, 29)
