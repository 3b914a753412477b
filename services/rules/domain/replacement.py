"""Replaces what a race refused by the next best that may be shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.rules.domain.contact_limits import MARKETING, TRANSACTIONAL, ContactLimit
from services.rules.domain.counters import Terms
from services.rules.domain.definitions import Placement
from services.rules.domain.drafts import WantedContact
from services.rules.domain.values import BoolColumn
from shared.slate import Gaps

Refill = Callable[[Sequence[Gaps]], Sequence[list[int]]]
"""Fills the gaps of a page without breaking what it must keep to."""

PROMOTION = 2


@dataclass(slots=True)
class Slot:
    """What one placement is to show: offers in order, then the next best."""

    placement: Placement
    chosen: list[int]
    next: list[int]
    replaced: set[int] = field(default_factory=set)
    """Offers that took a refused one's place."""


def _usual_terms(offer_no: int) -> Terms:
    return Terms()


@dataclass(frozen=True, slots=True)
class Offers:
    """What matters of the offers when contacts are counted."""

    kinds: npt.NDArray[np.uint8]
    """Kind by catalogue number; 0: not known, so it is no contact."""
    is_default: BoolColumn
    """Default offers, by catalogue number: they carry no limit."""
    terms_of: Callable[[int], Terms] = _usual_terms
    """What an offer says of its contacts."""
    limits: Sequence[ContactLimit] = ()
    """Those that may speak of an offer within a message."""

    def is_contact(self, offer_no: int, placement: Placement) -> bool:
        return (
            offer_no < len(self.kinds)
            and int(self.kinds[offer_no]) in placement.contact_kinds
            and not self.is_default[offer_no]
        )

    def is_promise(self, offer_no: int) -> bool:
        """Say whether to show an offer is to promise it."""
        return (
            offer_no < len(self.kinds)
            and int(self.kinds[offer_no]) == PROMOTION
            and not self.is_default[offer_no]
        )

    def is_limited_by_itself(self, offer_no: int) -> bool:
        """Say whether a limit may speak of an offer within a message."""
        terms = self.terms_of(offer_no)
        return any(
            limit.speaks_of_offers
            and limit.policy == terms.policy
            and (not limit.kinds or terms.kind in limit.kinds)
            and (not limit.group or terms.group == limit.group)
            and (not limit.offer_no or offer_no == limit.offer_no)
            for limit in self.limits
        )


def wanted_contacts(slots: Sequence[Slot], offers: Offers) -> tuple[WantedContact, ...]:
    """Return the contacts that the page needs: one per offer, or one per message."""
    wanted: list[WantedContact] = []
    for slot in slots:
        counting = [no for no in slot.chosen if offers.is_contact(no, slot.placement)]
        if slot.placement.one_contact and counting:
            if not slot.placement.contact_held:
                wanted.append(_whole(slot.placement, counting, offers))
            counting = [no for no in counting if offers.is_limited_by_itself(no)]
        wanted.extend(_wanted(slot.placement, offer_no, offers) for offer_no in counting)
    return tuple(wanted)


def _wanted(placement: Placement, offer_no: int, offers: Offers) -> WantedContact:
    terms = offers.terms_of(offer_no)
    return WantedContact(
        offer_no,
        placement.name,
        placement.counts_at_decision,
        terms.policy,
        terms.kind,
        terms.group,
        is_part=placement.one_contact,
    )


def _whole(placement: Placement, offer_nos: Sequence[int], offers: Offers) -> WantedContact:
    """Return the contact that a message is: of marketing as soon as one offer in it is."""
    policies = {offers.terms_of(offer_no).policy for offer_no in offer_nos}
    policy = MARKETING if MARKETING in policies else min(policies - {TRANSACTIONAL}, default="")
    return WantedContact(0, placement.name, placement.counts_at_decision, policy or TRANSACTIONAL)


def replace_refused(
    slots: Sequence[Slot], refused: Sequence[WantedContact], offers: Offers, refill: Refill
) -> dict[str, list[int]]:
    """Take refused offers out of their slots and fill up; returns them by placement.

    What fills up is no contact there and no promise, so it cannot be refused in its turn, is shown
    nowhere else on the page and breaks nothing that its slate must keep to.
    """
    removed: dict[str, list[int]] = {}
    for slot in slots:
        gone = _lost(slot, refused, offers)
        if gone:
            removed[slot.placement.name] = gone
    page = [_gaps(slot, removed.get(slot.placement.name, ()), offers) for slot in slots]
    _fill_up(slots, page, refill)
    return removed


def replace_spent(
    slots: Sequence[Slot],
    spent: Collection[int],
    offers: Offers,
    refill: Refill,
    *,
    only_free: bool = False,
) -> dict[str, list[int]]:
    """Take offers out that there is nothing left of, and fill up; returns them by placement.

    What fills up is the next best, which is committed in its turn; with `only_free` what no commit
    can refuse.
    """
    for slot in slots:
        slot.next = [offer_no for offer_no in slot.next if offer_no not in spent]
    removed = {
        slot.placement.name: gone
        for slot in slots
        if (gone := [offer_no for offer_no in slot.chosen if offer_no in spent])
    }
    page = [
        _gaps(slot, spent, offers) if only_free else Gaps(_kept(slot, spent), slot.next)
        for slot in slots
    ]
    _fill_up(slots, page, refill)
    return removed


def _fill_up(slots: Sequence[Slot], page: Sequence[Gaps], refill: Refill) -> None:
    """Let each slot show its page filled up, and note what is new there."""
    for slot, gaps, shown in zip(slots, page, refill(page), strict=True):
        new = [offer_no for offer_no in shown if offer_no not in gaps.kept]
        slot.chosen = shown
        slot.next = [offer_no for offer_no in slot.next if offer_no not in new]
        slot.replaced.update(new)


def _lost(slot: Slot, refused: Sequence[WantedContact], offers: Offers) -> list[int]:
    """Return what a placement shows no longer: what was refused, or made a refused message."""
    lost = [each for each in refused if each.placement == slot.placement.name]
    names = {each.offer_no for each in lost}
    policies = {each.policy for each in lost if not each.offer_no}
    return [
        offer_no
        for offer_no in slot.chosen
        if offer_no in names
        or (
            policies
            and offers.is_contact(offer_no, slot.placement)
            and offers.terms_of(offer_no).policy in policies
        )
    ]


def _kept(slot: Slot, gone: Collection[int]) -> list[int]:
    return [0 if offer_no in gone else offer_no for offer_no in slot.chosen]


def _gaps(slot: Slot, gone: Collection[int], offers: Offers) -> Gaps:
    """Return what is left of a slot, to be filled up by what no commit can refuse."""
    free = [
        offer_no
        for offer_no in slot.next
        if not (offers.is_contact(offer_no, slot.placement) or offers.is_promise(offer_no))
    ]
    return Gaps(_kept(slot, gone), free)
