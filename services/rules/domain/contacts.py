"""How often somebody was approached, what is left of every limit, and what is closed just now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.rules.domain.contact_limits import (
    MARKETING,
    ContactLimit,
    ContactPolicy,
    Per,
    Window,
)
from services.rules.domain.counters import (
    Contact,
    Counter,
    Occasion,
    Subject,
    counter_somewhere,
    speaks_here,
    window_of,
)

__all__ = ["LAPSE_US", "Approach", "Balance", "Contact", "Gate", "approach", "balances"]

LAPSE_US = 10 * 60 * 1_000_000
"""A reservation that nothing confirmed is free again after this much business time."""
CONTACT_LIMIT = 8
QUIET_HOURS = 9
QUIET_RULE = "quiet_hours"
COOLING_OFF_RULE = "contacts.cooling_off"


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of one limit; of a limit per something, for one of them."""

    policy: str
    used: int
    limit: int
    free_us: int
    """When the next one is free again; 0: one is free now, or with the next session."""
    rule: str = ""
    channels: int = 0
    """As bits; 0: all."""
    offer_no: int = 0
    group: str = ""
    kinds: int = 0
    """As bits; 0: all."""

    @property
    def left(self) -> int:
        return max(self.limit - self.used, 0)


@dataclass(frozen=True, slots=True)
class Gate:
    """What nobody may be approached with now: the offers that all of this is true of."""

    code: int
    rule: str
    free_us: int
    """When it opens; 0: not known."""
    policy: str = ""
    """Empty: every one but `transactional`."""
    offer_no: int = 0
    """0: any."""
    group: str = ""
    """Empty: any."""
    kind_bits: int = 0
    """0: any."""
    of_offers: bool = False
    """It closes single offers; else messages as a whole."""
    passes_counted: bool = True
    """What counts already in this session may be said again."""


@dataclass(frozen=True, slots=True)
class Approach:
    """What one more presentation would mean for the limits."""

    left: int
    """How many more contacts of marketing are allowed now."""
    offer_nos: frozenset[int] = frozenset()
    """Offers that count already, in this session or in the decision that stands."""
    placements: frozenset[str] = frozenset()
    """Placements whose whole answer counts already."""
    gates: tuple[Gate, ...] = ()


UNLIMITED = 1 << 30


def balances(
    limits: Iterable[ContactLimit], contacts: Sequence[Contact], occasion: Occasion
) -> list[Balance]:
    """Return what is left of each limit, in their order.

    Of a limit per channel, offer or group there is one for each that was used at all.
    """
    return [
        balance_of(limit, each, contacts, occasion)
        for limit in limits
        for each in _counters(limit, contacts, occasion)
    ]


def balance_of(
    limit: ContactLimit, counter: Counter, contacts: Sequence[Contact], occasion: Occasion
) -> Balance:
    """Return what is left of one counter of a limit."""
    times = sorted(contact.time_us for contact in contacts if counter.counts(contact))
    _, ends_us = window_of(limit, occasion.now_us, occasion.zone)
    free_us = 0
    if len(times) >= limit.at_most:
        free_us = ends_us or _free_us(limit, times, occasion.now_us)
    bits = counter.decided_bits | counter.other_bits
    return Balance(
        limit.policy,
        len(times),
        limit.at_most,
        free_us,
        limit.rule,
        bits if limit.channels or limit.direction or limit.per is Per.CHANNEL else 0,
        counter.offer_no,
        counter.group,
        counter.kind_bits,
    )


def tightest(found: Iterable[Balance]) -> Balance | None:
    """Return the balance with the least left; of equals the one that is free again last."""
    return min(found, key=lambda each: (each.left, -each.free_us), default=None)


def approach(
    limits: Sequence[ContactLimit],
    contacts: Sequence[Contact],
    occasion: Occasion,
    standing_decision_ids: frozenset[str] = frozenset(),
) -> Approach:
    """Return what is left for marketing, what is closed, and what counts already.

    The same offer seen again in one session is one contact, and so is a decision that stands.
    """
    left = UNLIMITED
    gates: list[Gate] = []
    for limit in limits:
        for counter in _counters_here(limit, contacts, occasion):
            found = balance_of(limit, counter, contacts, occasion)
            if limit.policy == MARKETING and not counter.of_offers:
                left = min(left, found.left)
            if not found.left:
                gates.append(_closed(limit, counter, found.free_us))
    session_id = occasion.session_id
    counted = [
        contact
        for contact in contacts
        if not contact.is_part
        and (
            (session_id and contact.session_id == session_id)
            or contact.decision_id in standing_decision_ids
        )
    ]
    return Approach(
        left,
        frozenset(contact.offer_no for contact in counted if contact.offer_no),
        frozenset(contact.placement for contact in counted if not contact.offer_no),
        tuple(gates),
    )


def with_gates(found: Approach, gates: Iterable[Gate | None]) -> Approach:
    """Return it with what else is closed; those come first, as the weightier reason."""
    closed = tuple(gate for gate in gates if gate is not None)
    return replace(found, gates=(*closed, *found.gates)) if closed else found


def quiet_gate(policy: ContactPolicy, occasion: Occasion) -> Gate | None:
    """Return what quiet hours close, None outside of them."""
    until_us = policy.quiet_until_us(
        occasion.channel, occasion.zone, occasion.now_us, decided=occasion.decided
    )
    if not until_us:
        return None
    return Gate(QUIET_HOURS, QUIET_RULE, until_us, passes_counted=False)


def cooling_gate(policy: ContactPolicy, declined_us: Sequence[int], now_us: int) -> Gate | None:
    """Return what a cooling-off closes, None where there is none."""
    if policy.cooling_off is None:
        return None
    until_us = policy.cooling_off.until_us(declined_us, now_us)
    if not until_us:
        return None
    return Gate(CONTACT_LIMIT, COOLING_OFF_RULE, until_us, MARKETING, passes_counted=False)


def cooling_balance(
    policy: ContactPolicy, declined_us: Sequence[int], now_us: int
) -> list[Balance]:
    """Return the cooling-off as a limit that is used up, while it lasts."""
    gate = cooling_gate(policy, declined_us, now_us)
    if gate is None or policy.cooling_off is None:
        return []
    declines = policy.cooling_off.declines
    return [Balance(MARKETING, declines, declines, gate.free_us, gate.rule)]


def _closed(limit: ContactLimit, counter: Counter, free_us: int) -> Gate:
    return Gate(
        CONTACT_LIMIT,
        limit.rule,
        free_us,
        limit.policy,
        counter.offer_no,
        counter.group,
        counter.kind_bits,
        counter.of_offers,
    )


def _free_us(limit: ContactLimit, times: Sequence[int], now_us: int) -> int:
    """Return when all but `at_most - 1` have left the window."""
    if limit.window is Window.SESSION:
        return 0
    over = len(times) - limit.at_most
    return (times[over] if times else now_us) + limit.within_us


def _counters_here(
    limit: ContactLimit, contacts: Sequence[Contact], occasion: Occasion
) -> list[Counter]:
    """Return the counters of a limit that a contact on this occasion may take from."""
    if not speaks_here(limit, occasion.channel, decided=occasion.decided):
        return []
    return _counters_somewhere(limit, contacts, occasion)


def _counters_somewhere(
    limit: ContactLimit, contacts: Sequence[Contact], occasion: Occasion
) -> list[Counter]:
    if limit.per < Per.OFFER:
        only = counter_somewhere(limit, occasion, None)
        return [only] if only else []
    subjects = {
        Subject(contact.policy, contact.offer_no, contact.kind, contact.group)
        for contact in contacts
        if contact.offer_no
    }
    found = [counter_somewhere(limit, occasion, subject) for subject in subjects]
    return list(dict.fromkeys([counter for counter in found if counter is not None]))


def _counters(
    limit: ContactLimit, contacts: Sequence[Contact], occasion: Occasion
) -> list[Counter]:
    """Return the counters of a limit on whichever channel."""
    used = {(contact.channel, bool(contact.decision_id)) for contact in contacts}
    if limit.per is not Per.CHANNEL:
        # Any channel that it speaks of shows the whole of it.
        if limit.per is Per.PERSON or not used:
            is_spoken_of = any(limit.channel_bits)
        else:
            is_spoken_of = any(speaks_here(limit, on, decided=made) for on, made in used)
        return _counters_somewhere(limit, contacts, occasion) if is_spoken_of else []
    found: dict[Counter, None] = {}
    for channel, decided in sorted(used):
        there = replace(occasion, channel=channel, decided=decided)
        found.update(dict.fromkeys(_counters_here(limit, contacts, there)))
    return list(found)
