"""The contacts of the ledger in memory: what is held, what is left, what confirms it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from services.rules.domain.changes import Contacted, Identified, Seen
from services.rules.domain.contact_owners import demand_own
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.counters import Contact, Counter, counters_for
from services.rules.domain.drafts import DecisionDraft, Reservation, WantedContact
from services.rules.domain.facts import LoggedContact
from services.rules.storage.notices import ContactState


def waiting_person(identity_key: bytes) -> str:
    """Return under whom a contact waits until profile tells whose pseudonym it is."""
    return f"pseudonym/{identity_key.hex()}"


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the ledger."""

    contact: Contact
    contact_id: str
    person_id: str
    state: int
    channel: int
    lapse_us: int
    position: int
    confirmed_by: str = ""
    reserved_by: str | None = ""

    def counts(self, now_us: int) -> bool:
        return self.state == ContactState.CONFIRMED or (
            self.state == ContactState.RESERVED and self.lapse_us > now_us
        )

    @property
    def logged(self) -> LoggedContact:
        return LoggedContact(
            self.position,
            self.contact_id,
            self.person_id,
            self.contact.policy,
            self.state,
            self.channel,
            self.contact.offer_no,
            self.contact.time_us,
        )


@dataclass
class InMemoryContacts:
    """Contacts by id; each change takes the next position."""

    rows: dict[str, Held] = field(default_factory=dict)
    _position: int = 0

    def counting(self, person_ids: Sequence[str], since_us: int, now_us: int) -> list[Contact]:
        return [
            held.contact
            for held in self.rows.values()
            if held.person_id in person_ids
            and held.contact.time_us > since_us
            and held.counts(now_us)
        ]

    def left(self, persons: Sequence[str], counter: Counter, now_us: int) -> int:
        """Return how many more contacts a counter allows."""
        counting = self.counting(persons, counter.since_us, now_us)
        return counter.at_most - sum(map(counter.counts, counting))

    def refused(
        self,
        draft: DecisionDraft,
        wanted: Sequence[WantedContact],
        held: Sequence[Held | None],
    ) -> frozenset[int]:
        """Return which contacts are one too many, in their order; what is held takes nothing."""
        subjects = [each.subject for each in wanted]
        counters, taken = counters_for(draft.limits, draft.occasion, subjects)
        free = [self.left(draft.person_ids, each, draft.now_us) for each in counters]
        refused = set()
        for place, uses in enumerate(taken):
            if held[place] is not None:
                continue
            if any(free[use] <= 0 for use in uses):
                refused.add(place)
                continue
            for use in uses:
                free[use] -= 1
        return frozenset(refused)

    def held(self, draft: DecisionDraft, wanted: WantedContact) -> Held | None:
        """Return the contact that counts already for what a decision wants."""
        for held in self.rows.values():
            contact = held.contact
            same_session = draft.session_id and contact.session_id == draft.session_id
            if (
                held.person_id in draft.person_ids
                and contact.offer_no == wanted.offer_no
                and (wanted.offer_no or contact.placement == wanted.placement)
                and (wanted.is_part or not contact.is_part)
                and (contact.decision_id == draft.decision_id or same_session)
                and held.counts(draft.now_us)
            ):
                return held
        return None

    def reserve_or_renew(
        self, draft: DecisionDraft, wanted: WantedContact, before: Held | None, person: str
    ) -> None:
        lapse_us = draft.now_us + LAPSE_US
        if before is not None:
            self.rows[before.contact_id] = replace(before, lapse_us=lapse_us)
            return
        contact = Contact(
            wanted.policy,
            draft.now_us,
            wanted.offer_no,
            wanted.placement,
            draft.session_id,
            draft.decision_id,
            draft.channel,
            wanted.kind,
            wanted.group,
            wanted.is_part,
        )
        state = ContactState.CONFIRMED if wanted.at_decision else ContactState.RESERVED
        contact_id = f"{draft.decision_id}/{wanted.placement}/{wanted.offer_no}"
        self._put(contact_id, person, contact, state, draft.channel, lapse_us)

    def reserve(self, asked: Reservation) -> bool:
        known = self.rows.get(asked.contact_id)
        if known is not None:
            demand_own(known.reserved_by, asked.reserved_by)
        if known is not None and known.state != ContactState.RESERVED:
            return known.state == ContactState.CONFIRMED
        if known is not None and known.counts(asked.now_us):
            later_us = max(known.lapse_us, asked.until_us)
            owner = asked.reserved_by if known.reserved_by is None else known.reserved_by
            self.rows[asked.contact_id] = replace(known, lapse_us=later_us, reserved_by=owner)
            return True
        counters, _ = counters_for(asked.limits, asked.occasion, [asked.subject])
        persons, now_us = asked.person_ids, asked.now_us
        if asked.closed or any(self.left(persons, each, now_us) <= 0 for each in counters):
            return False
        contact = Contact(
            asked.policy,
            now_us,
            asked.offer_no,
            "",
            "",
            "",
            asked.channel,
            asked.kind,
            asked.group,
        )
        self._put(
            asked.contact_id,
            asked.person_ids[0],
            contact,
            ContactState.RESERVED,
            asked.channel,
            asked.until_us,
        )
        held = self.rows[asked.contact_id]
        self.rows[asked.contact_id] = replace(held, reserved_by=asked.reserved_by)
        return True

    def release(
        self, contact_id: str, now_us: int, *, unless_confirmed: bool, released_by: str = ""
    ) -> bool:
        held = self.rows.get(contact_id)
        if held is not None:
            demand_own(held.reserved_by, released_by)
        if held is None or not held.counts(now_us):
            return False
        if unless_confirmed and held.state == ContactState.CONFIRMED:
            return False
        self._move(held, ContactState.RELEASED)
        return True

    def after(self, position: int) -> list[LoggedContact]:
        later = [
            held.logged
            for held in self.rows.values()
            if held.position > position and not held.contact.is_part
        ]
        return sorted(later, key=lambda logged: logged.position)

    def end_waiting(self, told: Identified) -> None:
        """Give what was reserved under a pseudonym to the person whom profile told of."""
        waiting = waiting_person(told.identity_key)
        for held in list(self.rows.values()):
            if held.person_id == waiting:
                self._move(replace(held, person_id=told.person_id), held.state)

    def keep(self, wanted: Callable[[Held], bool]) -> None:
        """Drop every row that is not wanted any more."""
        self.rows = {name: held for name, held in self.rows.items() if wanted(held)}

    def see(self, seen: Seen, persons: Collection[str]) -> None:
        """Confirm what was reserved by the decision, or in the session, of an impression."""
        for held in list(self.rows.values()):
            contact = held.contact
            by_decision = (
                seen.decision_id
                and contact.decision_id == seen.decision_id
                and contact.offer_no in (0, seen.offer_no)
            )
            in_session = (
                held.person_id in persons
                and seen.session_id
                and contact.session_id == seen.session_id
                and contact.offer_no == seen.offer_no
            )
            if held.state == ContactState.RESERVED and (by_decision or in_session):
                self._move(held, ContactState.CONFIRMED)

    def record(self, change: Contacted, persons: Collection[str]) -> None:
        """Confirm what was reserved for a message, or count one contact more."""
        if any(held.confirmed_by == change.contact_id for held in self.rows.values()):
            return
        waiting = self._waiting(change, persons)
        if waiting is not None:
            confirmed_by = "" if change.is_imported else change.contact_id
            self._move(replace(waiting, confirmed_by=confirmed_by), ContactState.CONFIRMED)
            return
        contact = Contact(
            change.policy,
            change.time_us,
            change.offer_no,
            "",
            change.session_id,
            "",
            change.channel,
            change.kind,
            change.group,
        )
        self._put(
            change.contact_id, change.person_id, contact, ContactState.CONFIRMED, change.channel, 0
        )

    def _waiting(self, change: Contacted, persons: Collection[str]) -> Held | None:
        for contact_id in (change.event_id, change.contact_id):
            held = self.rows.get(contact_id)
            if held and (held.person_id in persons or held.person_id.startswith("pseudonym/")):
                return held
        for held in self.rows.values():
            decided = held.contact.decision_id == change.decision_id
            if change.decision_id and decided and not held.contact.is_part:
                return held
        if change.is_imported:
            return None
        for held in self.rows.values():
            reserved = held.state == ContactState.RESERVED and held.lapse_us > change.time_us
            foreign = not held.contact.decision_id and held.channel == change.channel
            if held.person_id in persons and foreign and reserved:
                return held
        return None

    def _put(
        self,
        contact_id: str,
        person_id: str,
        contact: Contact,
        state: ContactState,
        channel: int,
        lapse_us: int,
    ) -> None:
        self._position += 1
        self.rows[contact_id] = Held(
            contact, contact_id, person_id, state, channel, lapse_us, self._position
        )

    def _move(self, held: Held, state: int) -> None:
        self._position += 1
        self.rows[held.contact_id] = replace(held, state=state, position=self._position)
