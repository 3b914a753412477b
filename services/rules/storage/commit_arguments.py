"""What the function `commit_decision` takes, made of a draft."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.definitions import MARKETING
from services.rules.domain.ledger import DecisionDraft, WantedContact
from services.rules.storage.notices import ContactState, contact_notice
from shared.bus.subjects import contacts_of, decisions_of


def commit_arguments(draft: DecisionDraft) -> tuple[object, ...]:
    """Return what `commit_decision` takes, in its order."""
    limits = [limit for limit in draft.limits if limit.policy == MARKETING]
    persons = draft.person_ids
    return (
        draft.decision_id,
        persons,
        draft.identity_key,
        draft.now_us,
        draft.channel,
        draft.session_id,
        *_contact_columns(draft),
        MARKETING,
        [limit.at_most for limit in limits],
        [limit.within_us for limit in limits],
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
    )


def _contact_columns(draft: DecisionDraft) -> tuple[Sequence[object], ...]:
    """Return offers, placements, states and notices of the contacts wanted."""
    wanted = draft.wanted
    if not wanted or not draft.person_ids:
        return (), (), (), ()
    states = [
        ContactState.CONFIRMED if each.at_decision else ContactState.RESERVED for each in wanted
    ]
    offers, placements = [each.offer_no for each in wanted], [each.placement for each in wanted]
    return offers, placements, states, [_notice(draft, each) for each in wanted]


def _notice(draft: DecisionDraft, wanted: WantedContact) -> bytes:
    """Return what tells of a contact; of one that is only reserved the decision's notice tells."""
    if not wanted.at_decision:
        return b""
    return contact_notice(
        f"{draft.decision_id}/{wanted.placement}/{wanted.offer_no}",
        "",
        ContactState.CONFIRMED,
        MARKETING,
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


def signed(token: int) -> int:
    """Return a 64-bit token as PostgreSQL's signed bigint."""
    return token - (1 << 64) if token >> 63 else token
