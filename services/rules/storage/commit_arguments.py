"""What the function `commit_decision` takes, made of a draft."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.counters import Counter, counters_for
from services.rules.domain.drafts import DecisionDraft, Reservation, WantedContact
from services.rules.domain.promises import LATE_US, PromiseState
from services.rules.storage.notices import ContactState, contact_notice
from shared.bus.subjects import contacts_of, decisions_of

_COLUMNS = 21
"""Of the contacts, of what they take from, and of the counters."""


def commit_arguments(draft: DecisionDraft) -> tuple[object, ...]:
    """Return what `commit_decision` takes, in its order."""
    persons = draft.person_ids
    return (
        draft.decision_id,
        persons,
        draft.identity_key,
        draft.now_us,
        draft.channel,
        draft.session_id,
        *_contact_columns(draft),
        LAPSE_US,
        draft.asked,
        draft.answer,
        draft.notice,
        decisions_of(persons[0] if persons else ""),
        [contacts_of(person_id) for person_id in persons] if draft.wanted else (),
        draft.trace,
        draft.key.digest,
        signed(draft.key.token),
        draft.key.bundle_hash,
        draft.sticky_us,
        *_order_columns(draft),
        *_promise_columns(draft),
        LATE_US,
    )


def _contact_columns(draft: DecisionDraft) -> tuple[Sequence[object], ...]:
    """Return the contacts wanted, what they take from, and the counters."""
    wanted = draft.wanted
    if not wanted or not draft.person_ids:
        return ((),) * _COLUMNS
    subjects = [each.subject for each in wanted]
    counters, taken = counters_for(draft.limits, draft.occasion, subjects)
    return (
        [each.offer_no for each in wanted],
        [each.placement for each in wanted],
        [ContactState.CONFIRMED if each.at_decision else ContactState.RESERVED for each in wanted],
        [_notice(draft, each) for each in wanted],
        [each.policy for each in wanted],
        [each.kind for each in wanted],
        [each.group for each in wanted],
        [each.is_part for each in wanted],
        *_joined(taken),
        *_counter_columns(counters),
    )


def reservation_arguments(
    reservation: Reservation, persons: Sequence[str], notice: bytes
) -> tuple[object, ...]:
    """Return what `reserve_contact` takes, in its order."""
    counters, _ = counters_for(reservation.limits, reservation.occasion, [reservation.subject])
    return (
        reservation.contact_id,
        persons,
        reservation.policy,
        reservation.channel,
        reservation.offer_no,
        reservation.kind,
        reservation.group,
        reservation.closed,
        reservation.now_us,
        reservation.until_us,
        *_counter_columns(counters),
        notice,
        contacts_of(persons[0]),
        reservation.reserved_by,
    )


def _joined(taken: Sequence[Sequence[int]]) -> tuple[list[int], list[int], list[int]]:
    """Return lists of counters as one, and where each begins and ends; all places from 1."""
    used: list[int] = []
    firsts, lasts = [], []
    for places in taken:
        firsts.append(len(used) + 1)
        used.extend(place + 1 for place in places)
        lasts.append(len(used))
    return used, firsts, lasts


def _counter_columns(counters: Sequence[Counter]) -> tuple[Sequence[object], ...]:
    return (
        [each.policy for each in counters],
        [each.at_most for each in counters],
        [each.since_us for each in counters],
        [each.session_id for each in counters],
        [each.decided_bits for each in counters],
        [each.other_bits for each in counters],
        [each.offer_no for each in counters],
        [each.group for each in counters],
        [each.kind_bits for each in counters],
        [each.of_offers for each in counters],
    )


def _notice(draft: DecisionDraft, wanted: WantedContact) -> bytes:
    """Return what tells of a contact; empty for what the decision's or message's notice tells."""
    if not wanted.at_decision or wanted.is_part:
        return b""
    return contact_notice(
        f"{draft.decision_id}/{wanted.placement}/{wanted.offer_no}",
        "",
        ContactState.CONFIRMED,
        wanted.policy,
        draft.channel,
        wanted.offer_no,
        draft.now_us,
    ).SerializeToString()


def _order_columns(draft: DecisionDraft) -> tuple[Sequence[object], ...]:
    """Return placements, limits, all offers, their sources, and where each order begins and ends.

    Places count from 1, as in PostgreSQL's arrays.
    """
    if not draft.person_ids or not draft.sticky_us:
        return (), (), (), (), (), ()
    offers: list[int] = []
    sources: list[int] = []
    firsts, lasts = [], []
    for order in draft.orders:
        firsts.append(len(offers) + 1)
        offers.extend(order.offer_nos)
        sources.extend(order.sources)
        lasts.append(len(offers))
    placements = [order.placement for order in draft.orders]
    return placements, [order.limit for order in draft.orders], offers, sources, firsts, lasts


def _promise_columns(draft: DecisionDraft) -> tuple[Sequence[object], ...]:
    """Return offers, states, ends and units of the promises, and where their accounts stand.

    Those are first and last places, and the joined names and limits. Places count from 1.
    """
    wanted = draft.promises
    if not wanted:
        return (), (), (), (), (), (), (), ()
    states = [PromiseState.MADE if each.at_decision else PromiseState.RESERVED for each in wanted]
    accounts = [account for each in wanted for account in each.accounts]
    lasts = list(accumulate(len(each.accounts) for each in wanted))
    firsts = [last - len(each.accounts) + 1 for each, last in zip(wanted, lasts, strict=True)]
    return (
        [each.offer_no for each in wanted],
        states,
        [each.expires_us for each in wanted],
        [each.units for each in wanted],
        firsts,
        lasts,
        [account.name for account in accounts],
        [account.most for account in accounts],
    )


def signed(token: int) -> int:
    """Return a 64-bit token as PostgreSQL's signed bigint."""
    return token - (1 << 64) if token >> 63 else token
