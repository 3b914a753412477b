"""A ledger in memory, for tests: the same contract, no transactions to wait for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.rules.domain.changes import Change, Contacted, Declined, Erased, Identified, Seen
from services.rules.domain.contacts import LAPSE_US, Contact
from services.rules.domain.definitions import MARKETING, ContactLimit
from services.rules.domain.ledger import (
    CheckFacts,
    CommitOutcome,
    CommitResult,
    DecisionDraft,
    LoggedContact,
    Reservation,
    StandingKey,
    StoredDecision,
    WantedContact,
)
from services.rules.domain.retention import Keep
from services.rules.domain.standing import StandingRow
from services.rules.storage.notices import ContactState


@dataclass(frozen=True, slots=True)
class _Held:
    """A row of the ledger."""

    contact: Contact
    contact_id: str
    person_id: str
    state: int
    channel: int
    lapse_us: int
    position: int

    def counts(self, now_us: int) -> bool:
        return self.state == ContactState.CONFIRMED or (
            self.state == ContactState.RESERVED and self.lapse_us > now_us
        )


@dataclass(frozen=True, slots=True)
class _Stored:
    draft: DecisionDraft
    written_under: str
    decided_us: int


@dataclass
class InMemoryLedger:
    """See `Ledger`."""

    _contacts: dict[str, _Held] = field(default_factory=dict)
    _decisions: dict[str, _Stored] = field(default_factory=dict)
    _traces: dict[str, bytes] = field(default_factory=dict)
    _standing: dict[tuple[str, bytes, str], tuple[DecisionDraft, StandingRow]] = field(
        default_factory=dict
    )
    _identities: dict[bytes, Identified] = field(default_factory=dict)
    _declines: dict[tuple[str, int], Declined] = field(default_factory=dict)
    _erased: set[str] = field(default_factory=set)
    _position: int = 0

    async def check_facts(
        self, person_ids: Sequence[str], key: StandingKey, since_us: int, now_us: int
    ) -> CheckFacts:
        rows = tuple(
            row
            for (person, digest, _), (draft, row) in self._standing.items()
            if (person, digest) == (person_ids[0], key.digest)
            and draft.key == key
            and row.made_us + draft.sticky_us > now_us
        )
        contacts = await self.contacts(person_ids, since_us, now_us)
        return CheckFacts(tuple(person_ids), contacts, rows)

    async def facts_by_identity(
        self, identity_keys: Sequence[bytes], since_us: int, declined_since_us: int, now_us: int
    ) -> CheckFacts:
        persons = await self.persons_of(identity_keys)
        declines = tuple(
            (each.family_no, each.time_us)
            for each in self._declines.values()
            if each.person_id in persons and each.time_us > declined_since_us
        )
        return CheckFacts(persons, await self.contacts(persons, since_us, now_us), (), declines)

    async def persons_of(self, identity_keys: Sequence[bytes]) -> tuple[str, ...]:
        for key in identity_keys:
            found = self._identities.get(key)
            if found is not None and not found.ambiguous:
                return found.person_ids
        return ()

    async def commit(self, draft: DecisionDraft) -> CommitResult:
        known = self._decisions.get(draft.decision_id)
        if known is not None and known.draft.asked == draft.asked:
            fresh = known.decided_us > draft.now_us - LAPSE_US
            if fresh or not draft.wanted:
                return CommitResult(CommitOutcome.REPEATED, answer=known.draft.answer)
        wanted = draft.wanted if draft.person_ids else ()
        held = [self._held(draft, each) for each in wanted]
        refused = self._refused(draft, held)
        if refused:
            return CommitResult(CommitOutcome.REFUSED, refused)
        written_under = self._written_under(draft)
        for each, before in zip(wanted, held, strict=True):
            self._reserve_or_renew(draft, each, before, written_under)
        if known is None:
            self._write(draft, written_under)
        else:
            self._decisions[draft.decision_id] = _Stored(draft, written_under, known.decided_us)
        return CommitResult(CommitOutcome.WRITTEN)

    async def reserve(self, reservation: Reservation) -> bool:
        known = self._contacts.get(reservation.contact_id)
        if known is not None:
            return known.state != ContactState.RELEASED
        left = self._left(
            reservation.person_ids, reservation.policy, reservation.limits, reservation.now_us
        )
        if left <= 0:
            return False
        contact = Contact(reservation.policy, reservation.now_us, reservation.offer_no, "", "", "")
        self._put(
            reservation.contact_id,
            reservation.person_ids[0],
            contact,
            ContactState.RESERVED,
            reservation.channel,
            reservation.until_us,
        )
        return True

    async def release(self, contact_id: str, now_us: int) -> bool:
        held = self._contacts.get(contact_id)
        if held is None or not held.counts(now_us):
            return False
        self._move(held, ContactState.RELEASED)
        return True

    async def contacts(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> tuple[Contact, ...]:
        return tuple(
            held.contact
            for held in self._contacts.values()
            if held.person_id in person_ids
            and held.contact.time_us > since_us
            and held.counts(now_us)
        )

    async def decision(self, decision_id: str) -> StoredDecision | None:
        stored = self._decisions.get(decision_id)
        if stored is None:
            return None
        trace = self._traces.get(decision_id, b"")
        return StoredDecision(
            decision_id, stored.draft.person_ids, stored.decided_us, 0, stored.draft.answer, trace
        )

    async def latest_decisions(
        self, person_ids: Sequence[str], limit: int
    ) -> Sequence[StoredDecision]:
        found = [each for each in self._decisions.values() if each.written_under in person_ids]
        found.sort(key=lambda each: each.decided_us, reverse=True)
        return [
            StoredDecision(
                each.draft.decision_id,
                (),
                each.decided_us,
                each.draft.channel,
                each.draft.answer,
            )
            for each in found[:limit]
        ]

    async def decisions_after(self, position: int, limit: int) -> tuple[int, Sequence[bytes]]:
        notices = [each.draft.notice for each in self._decisions.values()]
        taken = notices[position : position + limit]
        return position + len(taken), taken

    async def contacts_after(self, position: int, limit: int) -> Sequence[LoggedContact]:
        later = sorted(
            (held for held in self._contacts.values() if held.position > position),
            key=lambda held: held.position,
        )
        return [
            LoggedContact(
                held.position,
                held.contact_id,
                held.person_id,
                held.contact.policy,
                held.state,
                held.channel,
                held.contact.offer_no,
                held.contact.time_us,
            )
            for held in later[:limit]
        ]

    async def erase(self, person_ids: Sequence[str], identity_keys: Sequence[bytes]) -> int:
        before = self._size()
        persons, keys = set(person_ids), set(identity_keys)
        self._erased |= persons
        for decision_id, stored in list(self._decisions.items()):
            if stored.written_under in persons:
                del self._decisions[decision_id]
                self._traces.pop(decision_id, None)
        self._contacts = {k: v for k, v in self._contacts.items() if v.person_id not in persons}
        self._standing = {k: v for k, v in self._standing.items() if k[0] not in persons}
        self._declines = {k: v for k, v in self._declines.items() if k[0] not in persons}
        self._identities = {
            key: known
            for key, known in self._identities.items()
            if key not in keys and known.person_id not in persons
        }
        return before - self._size()

    async def forget(self, now_us: int, longest_window_us: int) -> int:
        before = self._size()
        for decision_id, stored in list(self._decisions.items()):
            if stored.decided_us < now_us - Keep.TRACE_US:
                self._traces.pop(decision_id, None)
            if stored.decided_us < now_us - Keep.DECISION_US:
                del self._decisions[decision_id]
        kept_us = now_us - max(Keep.CONTACT_US, longest_window_us)
        self._contacts = {k: v for k, v in self._contacts.items() if v.contact.time_us >= kept_us}
        self._standing = {
            k: (draft, row)
            for k, (draft, row) in self._standing.items()
            if row.made_us + draft.sticky_us >= now_us
        }
        return before - self._size()

    async def note(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case Identified():
                    known = self._identities.get(change.identity_key)
                    if known is None or known.version < change.version:
                        self._identities[change.identity_key] = change
                case Declined() if change.person_id not in self._erased:
                    self._declines[change.person_id, change.offer_no] = change
                case Seen():
                    self._see(change)
                case Contacted() if change.person_id not in self._erased:
                    self._record(change)
                case Erased():
                    await self.erase(change.person_ids, change.identity_keys)

    def _size(self) -> int:
        tables = (
            self._contacts,
            self._decisions,
            self._traces,
            self._standing,
            self._declines,
            self._identities,
        )
        return sum(len(table) for table in tables)

    def _left(
        self, persons: Sequence[str], policy: str, limits: Sequence[ContactLimit], now_us: int
    ) -> int:
        return min(
            (
                limit.at_most
                - sum(
                    held.person_id in persons
                    and held.contact.policy == policy
                    and held.contact.time_us > now_us - limit.within_us
                    and held.counts(now_us)
                    for held in self._contacts.values()
                )
                for limit in limits
                if limit.policy == policy
            ),
            default=1_000_000,
        )

    def _held(self, draft: DecisionDraft, wanted: WantedContact) -> _Held | None:
        for held in self._contacts.values():
            contact = held.contact
            same_session = draft.session_id and contact.session_id == draft.session_id
            if (
                held.person_id in draft.person_ids
                and contact.offer_no == wanted.offer_no
                and (wanted.offer_no or contact.placement == wanted.placement)
                and (contact.decision_id == draft.decision_id or same_session)
                and held.counts(draft.now_us)
            ):
                return held
        return None

    def _refused(self, draft: DecisionDraft, held: Sequence[_Held | None]) -> frozenset[int]:
        left = self._left(draft.person_ids, MARKETING, draft.limits, draft.now_us)
        new = [place for place, before in enumerate(held) if before is None]
        return frozenset(new[max(left, 0) :])

    def _written_under(self, draft: DecisionDraft) -> str:
        found = self._identities.get(draft.identity_key)
        if found is not None and found.person_id in draft.person_ids:
            return found.person_id
        return draft.person_ids[0] if draft.person_ids else ""

    def _reserve_or_renew(
        self, draft: DecisionDraft, wanted: WantedContact, before: _Held | None, person: str
    ) -> None:
        lapse_us = draft.now_us + LAPSE_US
        if before is not None:
            self._contacts[before.contact_id] = replace(before, lapse_us=lapse_us)
            return
        contact = Contact(
            MARKETING,
            draft.now_us,
            wanted.offer_no,
            wanted.placement,
            draft.session_id,
            draft.decision_id,
        )
        state = ContactState.CONFIRMED if wanted.at_decision else ContactState.RESERVED
        contact_id = f"{draft.decision_id}/{wanted.placement}/{wanted.offer_no}"
        self._put(contact_id, person, contact, state, draft.channel, lapse_us)

    def _write(self, draft: DecisionDraft, written_under: str) -> None:
        self._decisions[draft.decision_id] = _Stored(draft, written_under, draft.now_us)
        self._traces[draft.decision_id] = draft.trace
        if not draft.person_ids or not draft.sticky_us:
            return
        for order in draft.orders:
            row = StandingRow(
                order.placement,
                order.limit,
                draft.decision_id,
                order.offer_nos,
                order.sources,
                draft.now_us,
            )
            key = (draft.person_ids[0], draft.key.digest, order.placement)
            self._standing[key] = (draft, row)

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
        self._contacts[contact_id] = _Held(
            contact, contact_id, person_id, state, channel, lapse_us, self._position
        )

    def _move(self, held: _Held, state: ContactState) -> None:
        self._position += 1
        self._contacts[held.contact_id] = replace(held, state=state, position=self._position)

    def _see(self, seen: Seen) -> None:
        for held in list(self._contacts.values()):
            contact = held.contact
            by_decision = seen.decision_id and contact.decision_id == seen.decision_id
            by_session = (
                seen.session_id
                and contact.session_id == seen.session_id
                and held.person_id == seen.person_id
            )
            if held.state != ContactState.RESERVED or contact.offer_no != seen.offer_no:
                continue
            if by_decision or by_session:
                self._move(held, ContactState.CONFIRMED)

    def _record(self, change: Contacted) -> None:
        waiting = self._waiting(change)
        if waiting is not None:
            self._move(waiting, ContactState.CONFIRMED)
            return
        contact = Contact(MARKETING, change.time_us, change.offer_no, "", change.session_id, "")
        self._put(
            change.contact_id, change.person_id, contact, ContactState.CONFIRMED, change.channel, 0
        )

    def _waiting(self, change: Contacted) -> _Held | None:
        for contact_id in (change.event_id, change.contact_id):
            if contact_id in self._contacts:
                return self._contacts[contact_id]
        for held in self._contacts.values():
            if change.decision_id and held.contact.decision_id == change.decision_id:
                return held
        for held in self._contacts.values():
            reserved = held.state == ContactState.RESERVED and held.lapse_us > change.time_us
            foreign = not held.contact.decision_id and held.channel == change.channel
            if held.person_id == change.person_id and foreign and reserved:
                return held
        return None
