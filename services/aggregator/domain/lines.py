"""What a call-centre agent can say: a line per action, the freshest interest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.aggregator.domain.reasons import MINUTE_US, ago, leaf
from services.aggregator.domain.spoken import fitting
from services.aggregator.domain.texts import has_phrase, phrase
from services.aggregator.domain.vocabulary import Channel, Kind, name_of
from shared.spoken import MOST_WORDS, shortened, words

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
    language: str = ""
    """Of the script or the title, BCP 47; empty: the offer has none in that of the caller."""


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
    is_said: bool = False
    """It was named on the call that is under way, and leads however short that was."""
    best: Action | None = None
    """What fits best of all that may be offered within what was said; None where nothing does."""
    topic: str = ""
    """What such a call is about where that is no category: `returns`."""


def is_worth_leading(interest: Interest, now_us: int) -> bool:
    """Say whether there is a subject, enough time was spent on it, and that not long ago."""
    if interest.is_said:
        return bool(interest.category or interest.topic)
    return (
        bool(interest.category)
        and interest.minutes >= LEAST_MINUTES
        and _minutes_since(interest, now_us) <= FRESH_MINUTES
    )


def lines(
    actions: Sequence[Action],
    interest: Interest | None,
    now_us: int,
    locale: str = "",
    complaint_us: int = 0,
) -> list[Line]:
    """Return the actions with their lines of at most 25 words, best first; an interest leads.

    The best action within the category of the interest goes first and is introduced by it. Where
    there is none, the last item looked at takes that place if it may be offered, and what fits best
    of a category that was said; otherwise the interest is told without an offer. An open complaint,
    last heard of at `complaint_us`, is told before all, and then nothing but what the caller asks
    about leads.
    """
    if complaint_us:
        led = _led(actions, interest if interest and interest.is_said else None, now_us, locale)
        return [Line(_NOTHING, _complaint_text(complaint_us, now_us, locale)), *led]
    return _led(actions, interest, now_us, locale)


def _led(
    actions: Sequence[Action], interest: Interest | None, now_us: int, locale: str
) -> list[Line]:
    spoken = [Line(action, line_text(action, locale)) for action in actions]
    if interest is None or not is_worth_leading(interest, now_us):
        return spoken
    within = [at for at, action in enumerate(actions) if _is_about(action, interest)]
    if within:
        first = spoken.pop(within[0]).action
    elif (last := _last_item(interest)) is not None:
        first = last
    elif interest.best is not None:
        first = interest.best
    else:
        return [Line(_NOTHING, fitting(*_tellings(interest, now_us, locale))), *spoken]
    return [Line(first, _introduced(first, interest, now_us, locale)), *spoken]


def line_text(action: Action, locale: str = "") -> str:
    """Return what to say about one action; its own script goes before our words."""
    return fitting(*_wordings(action, locale))


def _wordings(action: Action, locale: str) -> list[str]:
    """Return the ways to speak of an action, each shorter than the one before."""
    if action.script:
        return [action.script, shortened(action.script)]
    key = f"line.{name_of(Kind, action.kind)}"
    key = key if has_phrase(key) else "line.PRODUCT"
    bare = f"{key}.bare" if has_phrase(f"{key}.bare") else key
    room = MOST_WORDS - words(phrase(bare, locale, title=""))
    return [
        phrase(key, locale, title=action.title, reason=action.reason.rstrip(".")),
        phrase(bare, locale, title=action.title),
        phrase(bare, locale, title=shortened(action.title, room)),
    ]


def _introduced(action: Action, interest: Interest, now_us: int, locale: str) -> str:
    """Return what to say of an action that the interest introduces, as fully as there is room."""
    ways, tellings = _wordings(action, locale), _tellings(interest, now_us, locale)
    *whole, _ = ways
    introduced = [
        phrase("line.about", locale, about=about, line=said) for about in tellings for said in whole
    ]
    return fitting(*introduced, *ways)


def interest_text(interest: Interest, now_us: int, locale: str = "") -> str:
    """Name the category, the minutes, the channel, how long ago, and the last item."""
    return _tellings(interest, now_us, locale)[0]


def _tellings(interest: Interest, now_us: int, locale: str) -> list[str]:
    """Return the ways to tell of an interest, the fullest first."""
    if interest.is_said:
        subject = leaf(interest.category) or interest.topic
        return [phrase("line.said", locale, subject=subject)]
    facts = {
        "minutes": _minutes_text(interest.minutes, locale),
        "category": leaf(interest.category),
        "where": _where(interest.channel, locale),
        "ago": ago(_minutes_since(interest, now_us), locale),
    }
    plain = phrase("line.session.no_item", locale, **facts)
    if interest.last_item is None or not interest.last_item.title:
        return [plain]
    item = interest.last_item.title
    keys = ("line.session", "line.session.short")
    return [*(phrase(key, locale, **facts, item=item) for key in keys), plain]


def _complaint_text(complaint_us: int, now_us: int, locale: str) -> str:
    minutes = max(0, now_us - complaint_us) // MINUTE_US
    return phrase("due.COMPLAINT", locale, ago=ago(minutes, locale))


def _last_item(interest: Interest) -> Action | None:
    """Return the last item looked at if it may lead: what was said since goes before it."""
    last = interest.last_item
    if last is None or not interest.may_offer_last:
        return None
    return last if not interest.is_said or _is_about(last, interest) else None


def _is_about(action: Action, interest: Interest) -> bool:
    return is_within(action.category, interest.category)


def is_within(category: str, wanted: str) -> bool:
    """Say whether a category's path lies within another's, or is it; in "" lies none."""
    return bool(wanted) and (category == wanted or category.startswith(f"{wanted} > "))


def _minutes_since(interest: Interest, now_us: int) -> int:
    return max(0, now_us - interest.last_us) // MINUTE_US


def _minutes_text(minutes: float, locale: str) -> str:
    count = max(1, round(minutes))
    return phrase("minutes.one" if count == 1 else "minutes.many", locale, count=count)


def _where(channel: int, locale: str) -> str:
    key = f"where.{name_of(Channel, channel)}"
    return phrase(key if has_phrase(key) else "where.other", locale)


_NOTHING = Action(offer_id="", title="", kind=Kind.UNSPECIFIED)
"""Of a line that only tells the agent something."""
