"""Which limit was full for a contact that a commit refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.rules.domain.contact_limits import ContactLimit
from services.rules.domain.counters import Contact, Counter, Occasion, counter_of
from services.rules.domain.drafts import DecisionDraft, WantedContact


def full_limits(
    draft: DecisionDraft, refused: Collection[int], contacts: Sequence[Contact]
) -> Mapping[int, str]:
    """Return by the place of each refused contact how the limit is named that was full.

    `contacts` are those that count. As in Check the first limit that is full is told; where none is
    any more, for a contact ended in between, the one with the least left.
    """
    used: dict[Counter, int] = {}
    found: dict[int, str] = {}
    for place, wanted in enumerate(draft.wanted):
        counters = _counters(draft.limits, draft.occasion, wanted)
        for _, counter in counters:
            used.setdefault(counter, sum(map(counter.counts, contacts)))
        if place in refused:
            found[place] = _fullest(counters, used) or f"contacts.{wanted.policy}"
        elif not _is_held(draft, wanted, contacts):
            for counter in {counter for _, counter in counters}:
                used[counter] += 1
    return found


def _counters(
    limits: Iterable[ContactLimit], occasion: Occasion, wanted: WantedContact
) -> list[tuple[str, Counter]]:
    found = ((limit.rule, counter_of(limit, occasion, wanted.subject)) for limit in limits)
    return [(rule, counter) for rule, counter in found if counter is not None]


def _fullest(counters: Iterable[tuple[str, Counter]], used: Mapping[Counter, int]) -> str:
    left = [(max(counter.at_most - used[counter], 0), rule) for rule, counter in counters]
    return min(left, key=lambda each: each[0], default=(0, ""))[1]


def _is_held(draft: DecisionDraft, wanted: WantedContact, contacts: Iterable[Contact]) -> bool:
    """Say whether a contact counts already, so that it takes nothing."""
    return any(
        contact.offer_no == wanted.offer_no
        and (wanted.offer_no != 0 or contact.placement == wanted.placement)
        and (wanted.is_part or not contact.is_part)
        and (
            contact.decision_id == draft.decision_id
            or (draft.session_id != "" and contact.session_id == draft.session_id)
        )
        for contact in contacts
    )
