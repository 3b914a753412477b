"""Promises: a promotion presented to a person stays theirs until it ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from services.rules.domain.budgets import Account

LATE_US = 10 * 60 * 1_000_000
"""A redemption is told later than it happened: so long after a promise ended its budget is kept."""


class PromiseState(IntEnum):
    """States of a promise, by their number in the rows."""

    RESERVED = 1
    """Decided, and not seen yet: it lapses like the contact."""
    MADE = 2
    REDEEMED = 3
    DECLINED = 4
    LAPSED = 5
    """Its time ran out, or another of the same offer was redeemed; its budget is given back."""


@dataclass(frozen=True, slots=True)
class WantedPromise:
    """A promise that a decision makes, or keeps where it was made before."""

    offer_no: int
    at_decision: bool
    """It is made at once; else when it was seen."""
    expires_us: int
    """Until when a new one holds; not after now: none is made, only one that stands is kept."""
    units: int = 0
    """What it takes of its budget."""
    accounts: tuple[Account, ...] = ()
    """Of the first it takes in any case, and of the first of the others that has room; empty: the
    offer has no budget."""


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A promise that holds."""

    offer_no: int
    made_us: int
    expires_us: int
