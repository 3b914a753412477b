"""Contact limits: how often one person may be approached, over all channels together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.rules.domain.definitions import MARKETING, ContactLimit

LAPSE_US = 10 * 60 * 1_000_000
"""A reservation that nothing confirmed is free again after this much business time."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that counts: confirmed, or reserved and not lapsed."""

    policy: str
    time_us: int
    offer_no: int
    """0: the whole message."""
    placement: str
    session_id: str
    decision_id: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of one limit."""

    policy: str
    used: int
    limit: int
    free_us: int
    """When the next one is free again; 0: one is free now."""

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Approach:
    """What one more presentation would mean for the marketing limits."""

    left: int
    """How many more contacts are allowed now."""
    offer_nos: frozenset[int]
    """Offers that count already, in this session or in the decision that stands."""
    placements: frozenset[str]
    """Placements whose whole answer counts already."""


UNLIMITED = 1 << 30


def balances(
    limits: Iterable[ContactLimit], contacts: Sequence[Contact], now_us: int
) -> list[Balance]:
    """Return what is left of each limit, in their order."""
    return [_balance(limit, contacts, now_us) for limit in limits]


def _balance(limit: ContactLimit, contacts: Sequence[Contact], now_us: int) -> Balance:
    since_us = now_us - limit.within_us
    times = sorted(
        contact.time_us
        for contact in contacts
        if contact.policy == limit.policy and contact.time_us > since_us
    )
    over = len(times) - limit.at_most
    if over < 0:
        return Balance(limit.policy, len(times), limit.at_most, 0)
    # One is free again when all but `at_most - 1` have left the window.
    free_us = times[over] + limit.within_us if times else now_us + limit.within_us
    return Balance(limit.policy, len(times), limit.at_most, free_us)


def approach(
    found: Iterable[Balance],
    contacts: Iterable[Contact],
    session_id: str,
    standing_decision_ids: frozenset[str],
) -> Approach:
    """Return what is left for marketing and what counts already.

    The same offer seen again in one session is one contact, and so is a decision that stands.
    """
    left = min((each.left for each in found if each.policy == MARKETING), default=UNLIMITED)
    counted = [
        contact
        for contact in contacts
        if (session_id and contact.session_id == session_id)
        or contact.decision_id in standing_decision_ids
    ]
    return Approach(
        left,
        frozenset(contact.offer_no for contact in counted if contact.offer_no),
        frozenset(contact.placement for contact in counted if not contact.offer_no),
    )
