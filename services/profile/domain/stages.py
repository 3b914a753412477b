"""How far somebody is with each category in view: a pure function of what a state holds.

A leaf category is in view when somebody looked for, at or around something of it in the last seven
days, as far as the log goes back. Its stage is the first of these that holds, of what was done
since something of it was last bought:

- DECIDING: an item of it lies in the cart, one was looked at three times, or a question was asked.
- COMPARING: three items were looked at, or two and one of them again.
- DUE_AGAIN: bought regularly, and 80% of the usual time between purchases are over. Such a category
  is in view by itself, until twice that time is over.
- BROWSING: anything was done.
- BOUGHT: nothing was done since.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from services.profile.domain.event import DAY_US, MINUTE_US, SHOPPING
from services.profile.domain.log import Log
from services.profile.domain.owned import Ownership

MAX_STAGES = 20
IN_VIEW_US = 7 * DAY_US
DUE_FROM, DUE_UNTIL = 0.8, 2.0
"""Of the usual time between purchases."""
_LOOKS = frozenset({"view", "click"})


class Stage(IntEnum):
    """Numbers as in `PurchaseStage`."""

    BROWSING = 1
    COMPARING = 2
    DECIDING = 3
    BOUGHT = 4
    DUE_AGAIN = 5


class CategoryStage(NamedTuple):
    """How far somebody is with one category."""

    category: str
    stage: Stage


@dataclass(slots=True)
class _View:
    """What was done in a category since something of it was last bought."""

    last_us: int
    """Of anything, the purchase included."""
    looks: dict[int, int] = field(default_factory=dict)
    """By item."""
    acts: int = 0
    in_cart: bool = False
    asked: bool = False


def stages(
    log: Log, cart_nos: Collection[int], bought: Mapping[str, Ownership], now_us: int
) -> list[CategoryStage]:
    """Return the stages of the categories in view, those of the latest activity first."""
    views = _views(log, cart_nos, bought, now_us)
    for category, ownership in bought.items():
        if ownership.cycle_days and category not in views and _is_due(ownership, now_us):
            views[category] = _View(ownership.last_minute * MINUTE_US)
    latest = sorted(views, key=lambda category: (-views[category].last_us, category))
    return [
        CategoryStage(category, _stage(views[category], bought.get(category), now_us))
        for category in latest[:MAX_STAGES]
    ]


def _views(
    log: Log, cart_nos: Collection[int], bought: Mapping[str, Ownership], now_us: int
) -> dict[str, _View]:
    views: dict[str, _View] = {}
    since_us = now_us - IN_VIEW_US
    for time_us, kind, _, offer_no, category, _, _, _ in reversed(log):
        if time_us <= since_us:
            break
        if not category or kind not in SHOPPING:
            continue
        view = views.get(category)
        if view is None:
            view = views[category] = _View(time_us)
        ownership = bought.get(category)
        if ownership is not None and time_us // MINUTE_US <= ownership.last_minute:
            continue
        view.acts += 1
        view.in_cart = view.in_cart or offer_no in cart_nos
        view.asked = view.asked or kind == "question_asked"
        if offer_no and kind in _LOOKS:
            view.looks[offer_no] = view.looks.get(offer_no, 0) + 1
    return views


def _stage(view: _View, ownership: Ownership | None, now_us: int) -> Stage:
    looks = view.looks
    if view.in_cart or view.asked or max(looks.values(), default=0) >= 3:
        return Stage.DECIDING
    if len(looks) >= 3 or sum(looks.values()) > len(looks) >= 2:
        return Stage.COMPARING
    if ownership is not None and _is_due(ownership, now_us):
        return Stage.DUE_AGAIN
    return Stage.BROWSING if view.acts else Stage.BOUGHT


def _is_due(ownership: Ownership, now_us: int) -> bool:
    cycle_us = ownership.cycle_days * DAY_US
    since_us = now_us - ownership.last_minute * MINUTE_US
    return cycle_us > 0.0 and DUE_FROM * cycle_us <= since_us <= DUE_UNTIL * cycle_us
