"""When and where somebody acts, and how they answer: counts that halve every 30 days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from operator import neg
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.profile.domain.event import HOUR_US, SECOND_US, SHOPPING, Event
from services.profile.domain.interest import weight_as_of_epoch

MAX_HOURS = 3
_BUCKETS = 32
"""Of each measure: more than there are hours of a day, or channels."""
_EMAIL = 4
_HOURS = 24

Habits = dict[int, float]
"""Number of measure and bucket to a weight as of the epoch."""
Measured = list[dict[int, float]]
"""By measure: bucket to weight."""


class Measure(IntEnum):
    """What is counted; by channel, but for the hours."""

    HOUR = 0
    """Hours of the day, UTC: the time zone may become known later."""
    CHANNEL = 1
    SHOWN = 2
    ACCEPTED = 3
    REFUSED = 4
    """Declined or ignored."""
    SENT = 5
    OPENED = 6
    CLICKED = 7


_EACH = tuple(Measure)
_ACT = (Measure.HOUR, Measure.CHANNEL)
_MEASURES: Mapping[str, tuple[Measure, ...]] = MappingProxyType(
    {
        **dict.fromkeys(SHOPPING, _ACT),
        "return": _ACT,
        "login": _ACT,
        "preference": _ACT,
        "survey_answer": _ACT,
        "call_started": _ACT,
        "impression": (Measure.SHOWN,),
        "accept": (*_ACT, Measure.ACCEPTED),
        "decline": (*_ACT, Measure.REFUSED),
        "ignore": (Measure.REFUSED,),
        "contact_sent": (Measure.SENT,),
        "email_open": (*_ACT, Measure.OPENED),
        "email_click": (*_ACT, Measure.CLICKED),
    }
)
"""What each type says; types not named say nothing."""
_BASES = MappingProxyType(
    {kind: tuple(measure * _BUCKETS for measure in each) for kind, each in _MEASURES.items()}
)
"""Where the buckets of each begin."""


class Answers(NamedTuple):
    """How somebody answers on one channel."""

    channel: int
    shown: float
    """As of now."""
    accepted_share: float


class Emails(NamedTuple):
    """How somebody treats e-mails."""

    sent: float
    """As of now."""
    open_share: float
    """-1: none was sent."""
    click_share: float
    """-1: none was opened."""


NO_EMAILS = Emails(0.0, -1.0, -1.0)


def numbers(event: Event) -> list[int]:
    """Return what an event counts towards."""
    bases = _BASES.get(event.type)
    if bases is None:
        return []
    channel = event.channel
    # The hours are the measure that begins at 0.
    return [base + channel if base else event.time_us // HOUR_US % _HOURS for base in bases]


def merge(into: Habits, other: Habits) -> None:
    for number, weight in other.items():
        into[number] = into.get(number, 0.0) + weight


def measured(habits: Habits) -> Measured:
    """Return the weights by measure and bucket: what all else is read from."""
    found: Measured = [{} for _ in _EACH]
    for number, weight in habits.items():
        found[number // _BUCKETS][number % _BUCKETS] = weight
    return found


def shares(known: Measured, measure: Measure) -> list[tuple[int, float]]:
    """Return the buckets of a measure with their shares of it, most first."""
    found = known[measure]
    total = sum(found.values())
    ordered = sorted(zip(map(neg, found.values()), found, strict=True))
    return [(bucket, -weight / total) for weight, bucket in ordered] if total > 0.0 else []


def local_hours(known: Measured, time_zone: str, now_us: int) -> list[tuple[int, float]]:
    """Return the hours of the day of most activity with their shares, at most `MAX_HOURS`.

    They move by the offset of the time zone as of now: an hour off at most for what was counted
    before its clocks changed.
    """
    offset = _offset_hours(time_zone, now_us // HOUR_US)
    found = shares(known, Measure.HOUR)[:MAX_HOURS]
    return [((hour + offset) % _HOURS, share) for hour, share in found]


def answers(known: Measured, now_us: int) -> list[Answers]:
    """Return how somebody answers, by channel.

    What was answered was shown, also where nobody recorded that.
    """
    _, _, shown, accepted, refused, *_ = known
    if not (shown or accepted or refused):
        return []
    scale = weight_as_of_epoch(1.0, now_us)
    found = []
    for channel in sorted(shown.keys() | accepted.keys() | refused.keys()):
        yes = accepted.get(channel, 0.0)
        all_shown = max(shown.get(channel, 0.0), yes + refused.get(channel, 0.0))
        found.append(Answers(channel, all_shown / scale, yes / all_shown))
    return found


def emails(known: Measured, now_us: int) -> Emails:
    """Return how somebody treats e-mails; one opened or clicked was sent, whoever recorded it.

    On whatever channel: a click in an e-mail is often seen by the website that it led to.
    """
    *_, sent_by, opened_by, clicked_by = known
    clicked = sum(clicked_by.values())
    opened = max(sum(opened_by.values()), clicked)
    sent = max(sent_by.get(_EMAIL, 0.0), opened)
    if sent <= 0.0:
        return NO_EMAILS
    return Emails(
        sent / weight_as_of_epoch(1.0, now_us),
        opened / sent,
        clicked / opened if opened > 0.0 else -1.0,
    )


@lru_cache(1024)
def _offset_hours(time_zone: str, hour: int) -> int:
    """Return how far a zone is ahead of UTC in an hour since 1970, rounded; 0 where unknown."""
    if not time_zone:
        return 0
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):  # no such zone, no name of one, or a region of zones
        return 0
    moment = datetime.fromtimestamp(hour * (HOUR_US // SECOND_US), UTC)
    offset = moment.astimezone(zone).utcoffset()
    return round(offset.total_seconds() / 3600) if offset else 0
