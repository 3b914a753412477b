"""After so many declines within a window there is a rest, counted from the last of them."""

from __future__ import annotations

from services.rules.domain.contact_limits import CoolingOff

DAY = 86_400_000_000
NOW = 1_000 * DAY
RULE = CoolingOff(3, 30 * DAY, 14 * DAY)


def until(*days_ago: float) -> float:
    """Return in how many days it is over; 0: there is none."""
    found = RULE.until_us([NOW - round(days * DAY) for days in days_ago], NOW)
    return (found - NOW) / DAY if found else 0


def test_fewer_declines_or_too_far_apart_need_no_rest() -> None:
    assert until() == until(1, 2) == until(1, 20, 31) == 0


def test_the_rest_begins_with_the_last_decline() -> None:
    assert until(20, 10, 4) == 10
    assert until(14, 15, 16) == 0
    assert until(13.5, 15, 16) == 0.5


def test_one_more_decline_makes_it_longer() -> None:
    assert until(20, 10, 4, 1) == 13


def test_declines_that_are_past_the_window_still_close_while_the_rest_lasts() -> None:
    assert until(40, 35, 12) == 2
