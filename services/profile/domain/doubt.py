"""What is done at the checkout instead of buying, and what that says the doubt is about."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from services.profile.domain.event import CART_EDITS, MINUTE_US, REASSURING, Topic
from services.profile.domain.log import Entry

DWELL_US = 3 * MINUTE_US
"""Active time on the pages of a checkout that is long; haste never means anything."""
_STEPS = frozenset({"checkout_started", "page_view"})
"""What a checkout is made of; of page views those of no item."""


class Doubt(IntEnum):
    """Numbers as in the message of the snapshot; the pages' as in `Topic`."""

    NONE = 0
    SHIPPING = 1
    RETURNS = 2
    QUESTIONS = 3
    CART = 4
    DWELL = 5


class Checkout(NamedTuple):
    """What became of the last checkout that did not end in a purchase."""

    doubt: Doubt
    """What the last sign of it says."""
    minutes: float
    """Active time on its pages."""


NO_CHECKOUT = Checkout(Doubt.NONE, 0.0)


def checkout(stretch: Sequence[Entry], active_us: Sequence[int]) -> Checkout:
    """Return what became of a session's last checkout, given the active time of its entries."""
    found = NO_CHECKOUT
    started = False
    dwelt_us = 0
    for entry, spent_us in zip(stretch, active_us, strict=True):
        if entry.type == "checkout_started":
            started, found, dwelt_us = True, NO_CHECKOUT, 0
        elif entry.type == "purchase":
            started, found, dwelt_us = False, NO_CHECKOUT, 0
        if not started:
            continue
        said = _said(entry)
        if entry.type in _STEPS and not entry.offer_no and not said:
            dwelt_us += spent_us
        found = Checkout(said or found.doubt, dwelt_us / MINUTE_US)
    if found.doubt is Doubt.NONE and dwelt_us >= DWELL_US:
        return found._replace(doubt=Doubt.DWELL)
    return found


def _said(entry: Entry) -> Doubt:
    """Return what an entry at the checkout says; nothing for most."""
    if entry.topic:
        return Doubt(entry.topic)
    if entry.type in REASSURING:
        return Doubt(Topic.QUESTIONS)
    return Doubt.CART if entry.type in CART_EDITS else Doubt.NONE
