"""What a call-centre agent can say: a line per action, the freshest interest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.aggregator.domain.reasons import MINUTE_US, ago, leaf
from services.aggregator.domain.texts import has_phrase, phrase
from services.aggregator.domain.vocabulary import Channel, Kind, name_of

FRESH_MINUTES = 12 * 60
"""Interest older than this no longer leads a conversation."""
LEAST_MINUTES = 3.0
"""Less time than this on a subject is no interest worth naming."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to offer, as the decision chose it."""

    offer_id: str
    title: str
    kind: int
    category: str = ""
    """Path of its category; empty for offers that are no item."""
    reason: str = ""
    is_item: bool = False
    script: str = ""
    """What the offer itself gives an agent to say; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One action with what to say; an empty offer_id only tells the agent something."""

    action: Action
    text: str


@dataclass(frozen=True, slots=True)
class Interest:
    """What the person has been shopping for lately."""

    category: str
    minutes: float
    last_us: int
    channel: int
    last_item: Action | None = None
    """The last item looked at; None when nothing is known of it."""
    may_offer_last: bool = False
    """Whether the decision's rules let the last item be offered."""


def is_worth_leading(interest: Interest, now_us: int) -> bool:
    """Say whether there is a subject, enough time was spent on it, and that not long ago."""
    return (
        bool(interest.category)
        and interest.minutes >= LEAST_MINUTES
        and _minutes_since(interest, now_us) <= FRESH_MINUTES
    )


def lines(
    actions: Sequence[Action], interest: Interest | None, now_us: int, locale: str = ""
) -> list[Line]:
    """Return the actions with their lines, best first; a fresh interest leads.

    The best action within the category of the interest goes first and is introduced by it. Where
    there is none, the last item looked at takes that place if it may be offered; otherwise the
    interest is told without an offer.
    """
    spoken = [Line(action, line_text(action, locale)) for action in actions]
    if interest is None or not is_worth_leading(interest, now_us):
        return spoken
    about = interest_text(interest, now_us, locale)
    within = [at for at, action in enumerate(actions) if _is_about(action, interest)]
    if within:
        first = spoken.pop(within[0])
        text = phrase("line.about", locale, about=about, line=first.text)
        return [replace(first, text=text), *spoken]
    return [_opening(interest, about, locale), *spoken]


def line_text(action: Action, locale: str = "") -> str:
    """Return what to say about one action; its own script goes before our words."""
    if action.script:
        return action.script
    key = f"line.{name_of(Kind, action.kind)}"
    key = key if has_phrase(key) else "line.PRODUCT"
    return phrase(key, locale, title=action.title, reason=action.reason.rstrip("."))


def interest_text(interest: Interest, now_us: int, locale: str = "") -> str:
    """Name the category, the minutes, the channel, how long ago, and the last item."""
    known = interest.last_item is not None and bool(interest.last_item.title)
    return phrase(
        "line.session" if known else "line.session.no_item",
        locale,
        minutes=_minutes_text(interest.minutes, locale),
        category=leaf(interest.category),
        where=_where(interest.channel, locale),
        ago=ago(_minutes_since(interest, now_us), locale),
        item=interest.last_item.title if interest.last_item else "",
    )


def _opening(interest: Interest, about: str, locale: str) -> Line:
    if interest.last_item is None or not interest.may_offer_last:
        return Line(Action(offer_id="", title="", kind=Kind.UNSPECIFIED), about)
    line = line_text(interest.last_item, locale)
    return Line(interest.last_item, phrase("line.about", locale, about=about, line=line))


def _is_about(action: Action, interest: Interest) -> bool:
    wanted = interest.category
    return action.category == wanted or action.category.startswith(f"{wanted} > ")


def _minutes_since(interest: Interest, now_us: int) -> int:
    return max(0, now_us - interest.last_us) // MINUTE_US


def _minutes_text(minutes: float, locale: str) -> str:
    count = max(1, round(minutes))
    return phrase("minutes.one" if count == 1 else "minutes.many", locale, count=count)


def _where(channel: int, locale: str) -> str:
    key = f"where.{name_of(Channel, channel)}"
    return phrase(key if has_phrase(key) else "where.other", locale)
