"""How often somebody may be approached, as it is defined: limits, quiet hours, a cooling-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from zoneinfo import ZoneInfo

from services.rules.domain.local_time import Hours, over_at_us

MARKETING = "marketing"
"""The policy that offers count under unless they name another."""
TRANSACTIONAL = "transactional"
"""The policy of what somebody is owed: counted, never limited, and not held by quiet hours."""

CALLS = 1 << 7 | 1 << 8
"""Channels as bits, by their number: CALL_CENTER and IVR."""
MESSAGES = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6
"""PUSH, EMAIL, SMS and DIRECT_MAIL: it is always we who approach."""
EVERY_CHANNEL = (1 << 31) - 1
_HOUR_US = 3_600_000_000


class Window(IntEnum):
    """The stretch of time that a limit counts over."""

    ROLLING = 0
    """The last so many hours or days."""
    SESSION = 1
    """One visit or call."""
    DAY = 2
    """A calendar day in the person's own time zone."""
    WEEK = 3
    """A calendar week there, which begins on Monday."""


class Per(IntEnum):
    """What is counted by itself."""

    PERSON = 0
    CHANNEL = 1
    OFFER = 2
    GROUP = 3


class Direction(IntEnum):
    """Who approaches whom."""

    BOTH = 0
    INBOUND = 1
    """They come to us: a page, a call that they make."""
    OUTBOUND = 2
    """We go to them: an e-mail, a call that we make."""


@dataclass(frozen=True, slots=True)
class ContactLimit:
    """At most `at_most` contacts of a policy within a window, of those that it speaks of."""

    policy: str
    at_most: int
    within_us: int = 0
    """How long a ROLLING window is."""
    window: Window = Window.ROLLING
    per: Per = Per.PERSON
    channels: frozenset[int] = frozenset()
    """Empty: all."""
    direction: Direction = Direction.BOTH
    kinds: frozenset[int] = frozenset()
    """Empty: all."""
    offer_id: str = ""
    """Empty: all."""
    group: str = ""
    """Offers whose attribute `group` is this; empty: all."""
    name: str = ""
    """How it is told as a reason; empty: as its policy."""
    offer_no: int = 0
    """What the catalogue calls `offer_id`."""
    channel_bits: tuple[int, int] = field(init=False, compare=False, repr=False)
    """The channels that it speaks of: where a decision made the contact, and else."""
    kind_bits: int = field(init=False, compare=False, repr=False)
    """The kinds that it speaks of; 0: all."""

    def __post_init__(self) -> None:
        """Work out what every request would else work out again."""
        object.__setattr__(self, "channel_bits", _channel_bits(self.channels, self.direction))
        object.__setattr__(self, "kind_bits", sum(1 << kind for kind in self.kinds))

    @property
    def rule(self) -> str:
        return f"contacts.{self.name or self.policy}"

    @property
    def speaks_of_offers(self) -> bool:
        """Count single offers; else messages as a whole, where a message is one contact."""
        return bool(
            self.per >= Per.OFFER or self.kinds or self.offer_id or self.offer_no or self.group
        )

    @property
    def longest_us(self) -> int:
        """The longest that its window may be: a day in autumn has 25 hours."""
        match self.window:
            case Window.SESSION:
                return 24 * _HOUR_US
            case Window.DAY:
                return 26 * _HOUR_US
            case Window.WEEK:
                return 7 * 24 * _HOUR_US + 2 * _HOUR_US
        return self.within_us


def _channel_bits(channels: frozenset[int], direction: Direction) -> tuple[int, int]:
    named = sum(1 << channel for channel in channels) or EVERY_CHANNEL
    match direction:
        case Direction.OUTBOUND:
            return named & outbound_bits(decided=True), named & outbound_bits(decided=False)
        case Direction.INBOUND:
            return named & ~outbound_bits(decided=True), named & ~outbound_bits(decided=False)
    return named, named


def is_outbound(channel: int, *, decided: bool) -> bool:
    """Say who approaches whom; what we decide during a call is said to somebody who is there."""
    return bool(outbound_bits(decided=decided) >> channel & 1)


def outbound_bits(*, decided: bool) -> int:
    return MESSAGES if decided else MESSAGES | CALLS


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours in which nobody is approached, in their own time zone."""

    hours: Hours
    channels: frozenset[int] = frozenset()
    """Of the outbound ones; empty: all of them."""

    def speaks_of(self, channel: int) -> bool:
        return not self.channels or channel in self.channels


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """After so many declines within a window no marketing for a while."""

    declines: int
    within_us: int
    rest_us: int

    def until_us(self, times_us: Sequence[int], now_us: int) -> int:
        """Return when it is over; 0: there is none. `times_us` are those of the declines."""
        times = sorted(times_us)
        ends = [
            last + self.rest_us
            for first, last in zip(times, times[self.declines - 1 :], strict=False)
            if last - first < self.within_us
        ]
        return max((end for end in ends if end > now_us), default=0)


@dataclass(frozen=True, slots=True)
class ContactPolicy:
    """All of it."""

    limits: tuple[ContactLimit, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    cooling_off: CoolingOff | None = None
    time_zone: str = "UTC"
    """Of people whose own is unknown."""

    @property
    def longest_window_us(self) -> int:
        return max((limit.longest_us for limit in self.limits), default=0)

    @property
    def declines_matter_us(self) -> int:
        """How long a decline may matter to a cooling-off."""
        return self.cooling_off.within_us + self.cooling_off.rest_us if self.cooling_off else 0

    def quiet_until_us(self, channel: int, zone: ZoneInfo, now_us: int, *, decided: bool) -> int:
        """Return when somebody may be approached again on a channel; 0: now."""
        if not self.quiet_hours or not is_outbound(channel, decided=decided):
            return 0
        spoken = [each.hours for each in self.quiet_hours if each.speaks_of(channel)]
        return over_at_us(spoken, now_us, zone)
