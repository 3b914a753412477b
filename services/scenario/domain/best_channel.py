"""Of several channels the one on which somebody most likely answers, and at what hour; pure.

A share of answers is believed as far as there were chances to answer: what is known of a channel is
drawn towards what the person's habits let expect there (a beta prior of a few chances).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from services.scenario.domain.moments import LocalTime, local_hour, next_moment

LESS_LIKELY = "LESS_LIKELY"
"""The reason of a channel that nothing was in the way of, but that another went before."""
NO_CONSENT = "NO_CONSENT"
NO_ADDRESS = "NO_ADDRESS"
NO_CARRIER = "NO_CARRIER"
NO_AGENT = "NO_AGENT"
NO_CALLS_LEFT = "NO_CALLS_LEFT"
_IN_WORDS: Mapping[str, str] = {
    LESS_LIKELY: "it was less likely when that was found out",
    NO_CONSENT: "no consent",
    NO_ADDRESS: "no address",
    NO_CARRIER: "no carrier is set up",
    NO_AGENT: "nobody with its skills is there",
    NO_CALLS_LEFT: "agents cannot make more calls today",
    "CONTACT_LIMIT": "approached as often as the contact limit allows",
    "QUIET_HOURS": "quiet hours",
}

_PRIOR_CHANCES = 4.0
_USUAL = 0.1
"""Share of messages answered by somebody of whom nothing is known."""
_HABIT = 0.4
"""More of it where all that somebody does is done on that channel."""
_LONGEST_WAIT_US = 24 * 3_600_000_000
_HOUR_MINUTES = 60
_HOUR_US = 3_600_000_000
_QUARTER_US = _HOUR_US // 4


@dataclass(frozen=True, slots=True)
class Answered:
    """How somebody answered on a channel."""

    chances: float = 0.0
    """How often there was something to answer, faded."""
    share: float = 0.0
    """Of them that were answered, 0 to 1."""


NEVER_ASKED = Answered()


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of where and when somebody answers."""

    answered: Mapping[int, Answered] = field(default_factory=dict)
    """By number of `Channel`."""
    shares: Mapping[int, float] = field(default_factory=dict)
    """Of what they do, by channel, 0 to 1."""
    hours: Sequence[int] = ()
    """Of the day in which they do most, most first; empty: not known."""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A channel with why it comes where it does."""

    channel: int
    likelihood: float
    """That they answer there, 0 to 1."""
    why: str


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A channel that was not taken."""

    channel: int
    likelihood: float
    """That they would answer there, 0 to 1."""
    reason: str
    """`LESS_LIKELY`, or what was in the way: `NO_CONSENT`, `NO_ADDRESS`, `NO_CARRIER`, `NO_AGENT`,
    `NO_CALLS_LEFT`, or the ledger's own, as `CONTACT_LIMIT`."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found of calling somebody rather than writing, when a stage is to do either."""

    likelihood: float
    """That they answer a call, 0 to 1."""
    why: str = ""
    """Why they are called, in words; empty: they are not."""
    passed_over: tuple[PassedOver, ...] = ()
    """The call, where they are not called; where they are, all others."""
    later_us: int = 0
    """When the next hour begins in which they do most and agents work, where they may be called in
    it: it is weighed again then. 0: it is weighed now."""


def sifted(
    choices: Iterable[Choice], obstacle: Callable[[int], str]
) -> tuple[list[Choice], list[PassedOver]]:
    """Return those in whose way nothing is, and the others; `obstacle` names what is."""
    left, passed_over = [], []
    for choice in choices:
        reason = obstacle(choice.channel)
        if reason:
            passed_over.append(PassedOver(choice.channel, choice.likelihood, reason))
        else:
            left.append(choice)
    return left, passed_over


def outdone(choices: Iterable[Choice]) -> list[PassedOver]:
    """Return those that another went before."""
    return [PassedOver(each.channel, each.likelihood, LESS_LIKELY) for each in choices]


def explained(
    choice: Choice | None, passed_over: Iterable[PassedOver], name_of: Callable[[int], str]
) -> str:
    """Say why by a channel, and why by none of the others; None: by none at all.

    `EMAIL 39%: half of …; rather than PUSH 14%; not SMS: no consent`.
    """
    most = choice.likelihood if choice is not None else 0.0
    rather, not_so = [], []
    for each in passed_over:
        name = name_of(each.channel)
        if each.reason == LESS_LIKELY and each.likelihood <= most:
            rather.append(f"{name} {each.likelihood:.0%}")
        else:
            not_so.append(f"not {name}: {_IN_WORDS.get(each.reason, each.reason)}")
    said = [choice.why] if choice is not None else []
    if rather:
        said.append(f"rather than {', '.join(rather)}")
    return "; ".join([*said, *not_so])


def ranked(
    channels: Collection[int], habits: Habits, name_of: Callable[[int], str]
) -> list[Choice]:
    """Return the channels, the most likely first; of equal ones in the order given."""
    choices = [_choice(channel, habits, name_of) for channel in channels]
    return sorted(choices, key=lambda choice: -choice.likelihood)


def likely_hour_us(
    habits: Habits,
    now_us: int,
    expires_us: int,
    serves: Callable[[int], bool] = lambda moment_us: True,
) -> int:
    """Return when the next hour begins in which they do most and that serves, 0 where one is now.

    One that serves from a later quarter on begins then. Also 0 where no hours are known, or the
    next such is too late. Not later than in a day.
    """
    is_one = local_hour(now_us, habits.time_zone) in habits.hours
    if not habits.hours or (is_one and serves(now_us)):
        return 0
    moments = [
        next_moment(LocalTime(hour * _HOUR_MINUTES), now_us, habits.time_zone, ()) + quarter_us
        for hour in habits.hours
        for quarter_us in range(0, _HOUR_US, _QUARTER_US)
    ]
    latest_us = min(expires_us or now_us + _LONGEST_WAIT_US, now_us + _LONGEST_WAIT_US)
    return min((each for each in moments if each < latest_us and serves(each)), default=0)


def hour_said(habits: Habits, now_us: int) -> str:
    """Say why this is an hour to write at; empty: it is none in which they do most."""
    hour = local_hour(now_us, habits.time_zone)
    if hour not in habits.hours:
        return ""
    most = ", ".join(f"{each:02}:00" for each in habits.hours)
    return f"at {hour:02}:00, one of the hours in which they do most ({most})"


def _choice(channel: int, habits: Habits, name_of: Callable[[int], str]) -> Choice:
    answered = habits.answered.get(channel, NEVER_ASKED)
    share = habits.shares.get(channel, 0.0)
    expected = _USUAL + _HABIT * share
    chances = max(answered.chances, 0.0)
    likelihood = (chances * answered.share + _PRIOR_CHANCES * expected) / (chances + _PRIOR_CHANCES)
    said = (
        f"{answered.share:.0%} of {chances:.1f} answered there"
        if chances > 0.0
        else "nothing is known of answers there"
    )
    habit = f", {share:.0%} of what they do is there" if share > 0.0 else ""
    return Choice(channel, likelihood, f"{name_of(channel)} {likelihood:.0%}: {said}{habit}")
