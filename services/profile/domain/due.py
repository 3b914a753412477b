"""Which clients are due for a word, and why: what somebody who looks after them should know."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from services.profile.domain import cart, log
from services.profile.domain.consent import MARKETING
from services.profile.domain.event import DAY_US, MINUTE_US
from services.profile.domain.owned import kept
from services.profile.domain.reading import attribute
from services.profile.domain.state import State

LEFT_AFTER_US, LEFT_UNTIL_US = DAY_US, 14 * DAY_US
"""A cart untouched for so long was left; beyond, a word about it comes too late."""
NEW_FOR_US = 14 * DAY_US
SILENT_AFTER_US = 90 * DAY_US
SPOKEN_LATELY_US = 7 * DAY_US
BIRTHDAY_AHEAD_DAYS = 7
LAPSING_AFTER = 2.0
"""Times the usual gap between two days of buying."""
_SPOKEN_ON = frozenset({7, 9, 10})
"""CALL_CENTER, CHAT and STORE: channels on which people speak with people."""
_SPOKEN = frozenset({"agent_note", "contact_sent"})
_FEWEST_GAPS = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Why(IntEnum):
    """Why a word is due, the most pressing first; numbers are of no meaning but that."""

    COMPLAINT = 1
    CART_LEFT = 2
    BUY_AGAIN = 3
    BIRTHDAY = 4
    NEW_CLIENT = 5
    LAPSING = 6
    LONG_SILENT = 7


class Due(NamedTuple):
    """A word that is due."""

    why: Why
    time_us: int
    """Since when; of a birthday the day itself."""
    family_no: int = 0
    """What to buy again."""
    value_micros: int = 0
    """Worth of the cart that was left."""


def words_due(state: State, looked_after_since_us: int, now_us: int) -> list[Due]:
    """Return why a word is due, most pressing first.

    An open complaint always is a reason. All others would be an approach: there is none where
    marketing was refused, and but for carts and birthdays none within a week of the last word.
    """
    found = [Due(Why.COMPLAINT, state.complaint.time_us)] if state.complaint.yes else []
    marketing = state.consents.get(MARKETING)
    if marketing is not None and marketing.refused:
        return found
    found.extend(_cart_left(state, now_us))
    found.extend(_birthday(state, now_us))
    spoken_us = _last_word_us(state, looked_after_since_us)
    is_new = spoken_us == looked_after_since_us
    if is_new or now_us - spoken_us > SPOKEN_LATELY_US:
        found.extend(_buy_again(state, now_us))
        found.extend(_new_client(looked_after_since_us, now_us) if is_new else ())
        found.extend(_lapsing(state, now_us))
        found.extend(_long_silent(state, spoken_us, now_us))
    return sorted(found)


def _cart_left(state: State, now_us: int) -> Iterator[Due]:
    items = cart.items(state.cart, now_us)
    if not items:
        return
    touched_us = max(state.cart[item.offer_no].changes[-1].time_us for item in items)
    if LEFT_AFTER_US <= now_us - touched_us <= LEFT_UNTIL_US:
        worth = sum(item.quantity * item.price_micros for item in items)
        yield Due(Why.CART_LEFT, touched_us, value_micros=round(worth))


def _buy_again(state: State, now_us: int) -> Iterator[Due]:
    """Tell of the family that is due for the longest, and has not been given up."""
    waiting = []
    for family_no, ownership in kept(state.owned):
        cycle_us = round(ownership.cycle_days * DAY_US)
        last_us = ownership.last_minute * MINUTE_US
        if cycle_us and cycle_us <= now_us - last_us <= 2 * cycle_us:
            waiting.append(Due(Why.BUY_AGAIN, last_us + cycle_us, family_no))
    if waiting:
        yield min(waiting, key=lambda due: (due.time_us, due.family_no))


def _birthday(state: State, now_us: int) -> Iterator[Due]:
    try:
        born = date.fromisoformat(attribute(state, "birth_date"))
    except ValueError:
        return
    today = (_EPOCH + timedelta(microseconds=now_us)).date()
    for ahead in range(BIRTHDAY_AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        if _is_birthday(day, born):
            yield Due(Why.BIRTHDAY, (day - _EPOCH.date()).days * DAY_US)


def _is_birthday(day: date, born: date) -> bool:
    """Say whether somebody has their birthday; who was born on a leap day, the day before March."""
    if (born.month, born.day) == (2, 29) and not isleap(day.year):
        return (day.month, day.day) == (2, 28)
    return (day.month, day.day) == (born.month, born.day)


def _new_client(since_us: int, now_us: int) -> Iterator[Due]:
    if now_us - since_us <= NEW_FOR_US:
        yield Due(Why.NEW_CLIENT, since_us)


def _lapsing(state: State, now_us: int) -> Iterator[Due]:
    days = sorted({order.day for order in state.orders.values() if order.bought})
    gaps = [later - earlier for earlier, later in pairwise(days)]
    if len(gaps) >= _FEWEST_GAPS:
        expected_us = state.last_purchase_us + round(LAPSING_AFTER * median(gaps) * DAY_US)
        if now_us > expected_us:
            yield Due(Why.LAPSING, expected_us)


def _long_silent(state: State, spoken_us: int, now_us: int) -> Iterator[Due]:
    """Tell of a long silence, if the log reaches back far enough to know."""
    entries = state.log
    is_whole = len(entries) < log.RECENT or entries[0].time_us <= now_us - SILENT_AFTER_US
    if is_whole and now_us - spoken_us > SILENT_AFTER_US:
        yield Due(Why.LONG_SILENT, spoken_us)


def _last_word_us(state: State, since_us: int) -> int:
    """Return when somebody last spoke with them since they are looked after, or since when."""
    words = (
        entry.time_us
        for entry in reversed(state.log)
        if entry.channel in _SPOKEN_ON or entry.type in _SPOKEN
    )
    return max(next(words, since_us), since_us)
