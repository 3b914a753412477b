"""Replaces what a race refused by the next best that is no contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.rules.domain.definitions import Placement
from services.rules.domain.ledger import WantedContact
from services.rules.domain.values import BoolColumn


@dataclass(slots=True)
class Slot:
    """What one placement is to show: offers in order, then the next best."""

    placement: Placement
    chosen: list[int]
    next: list[int]
    replaced: set[int] = field(default_factory=set)
    """Offers that took a refused one's place."""


@dataclass(frozen=True, slots=True)
class Offers:
    """What matters of the offers when contacts are counted."""

    kinds: npt.NDArray[np.uint8]
    """Kind by catalogue number; 0: not known, so it is no contact."""
    is_default: BoolColumn
    """Default offers, by catalogue number: they carry no limit."""

    def is_contact(self, offer_no: int, placement: Placement) -> bool:
        return (
            offer_no < len(self.kinds)
            and int(self.kinds[offer_no]) in placement.contact_kinds
            and not self.is_default[offer_no]
        )


def wanted_contacts(slots: Sequence[Slot], offers: Offers) -> tuple[WantedContact, ...]:
    """Return the contacts that the page needs: one per offer, or one per message."""
    wanted: list[WantedContact] = []
    for slot in slots:
        name, at_once = slot.placement.name, slot.placement.counts_at_decision
        counting = [no for no in slot.chosen if offers.is_contact(no, slot.placement)]
        if slot.placement.one_contact:
            counting = [0] if counting else []
        wanted.extend(WantedContact(offer_no, name, at_once) for offer_no in counting)
    return tuple(wanted)


def replace_refused(
    slots: Sequence[Slot], refused: Sequence[WantedContact], offers: Offers
) -> dict[str, list[int]]:
    """Take refused offers out of their slots and fill up; returns them by placement.

    What fills up is no contact there, so it cannot be refused in its turn, and is shown nowhere
    else on the page.
    """
    removed: dict[str, list[int]] = {}
    for slot in slots:
        names = {each.offer_no for each in refused if each.placement == slot.placement.name}
        gone = [
            offer_no
            for offer_no in slot.chosen
            if offer_no in names or (0 in names and offers.is_contact(offer_no, slot.placement))
        ]
        if gone:
            removed[slot.placement.name] = gone
    for slot in slots:
        gone = removed.get(slot.placement.name, [])
        slot.chosen = [
            kept
            for offer_no in slot.chosen
            if (kept := _replacement(slot, slots, offers) if offer_no in gone else offer_no)
        ]
    return removed


def _replacement(slot: Slot, slots: Sequence[Slot], offers: Offers) -> int:
    """Take the next best that is no contact and shown nowhere; 0 when there is none."""
    shown = {offer_no for each in slots for offer_no in (*each.chosen, *each.replaced)}
    for offer_no in slot.next:
        if offer_no not in shown and not offers.is_contact(offer_no, slot.placement):
            slot.next.remove(offer_no)
            slot.replaced.add(offer_no)
            return offer_no
    return 0
