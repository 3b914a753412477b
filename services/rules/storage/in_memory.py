"""A ledger in memory, for tests: the same contract, no transactions to wait for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import (
    Change,
    Contacted,
    Declined,
    Erased,
    Identified,
    Redeemed,
    Seen,
)
from services.rules.domain.contacts import LAPSE_US
from services.rules.domain.counters import Contact
from services.rules.domain.drafts import CommitOutcome, CommitResult, DecisionDraft, Reservation
from services.rules.domain.facts import CheckFacts, LoggedContact, StoredDecision
from services.rules.domain.promises import OpenPromise
from services.rules.domain.recordings import StoredRecording
from services.rules.domain.retention import Keep
from services.rules.domain.standing import StandingKey, StandingRow
from services.rules.storage.in_memory_contacts import InMemoryContacts, waiting_person
from services.rules.storage.in_memory_identities import InMemoryIdentities
from services.rules.storage.in_memory_promises import InMemoryPromises
from services.rules.storage.in_memory_recordings import Held as HeldRecording
from services.rules.storage.in_memory_recordings import InMemoryRecordings
from services.rules.storage.in_memory_unconfirmed import InMemoryAnswers


@dataclass(frozen=True, slots=True)
class _Stored:
    draft: DecisionDraft
    written_under: str
    decided_us: int


@dataclass
class InMemoryLedger:
    """See `Ledger`."""

    _contacts: InMemoryContacts = field(default_factory=InMemoryContacts)
    _decisions: dict[str, _Stored] = field(default_factory=dict)
    _traces: dict[str, bytes] = field(default_factory=dict)
    _standing: dict[tuple[str, bytes, str], tuple[DecisionDraft, StandingRow]] = field(
        default_factory=dict
    )
    _identities: InMemoryIdentities = field(default_factory=InMemoryIdentities)
    _declines: dict[tuple[str, int], Declined] = field(default_factory=dict)
    _erased: set[str] = field(default_factory=set)
    _promises: InMemoryPromises = field(default_factory=InMemoryPromises)
    recordings: InMemoryRecordings = field(init=False)
    unconfirmed: InMemoryAnswers = field(init=False)

    def __post_init__(self) -> None:
        self.recordings = InMemoryRecordings(self._to_record)
        self.unconfirmed = InMemoryAnswers(lambda persons: not self._erased.isdisjoint(persons))

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
        promised, reserved = self._promises.numbers(person_ids, now_us)
        presented_us = self._promises.presented_us(person_ids, now_us)
        return CheckFacts(
            tuple(person_ids),
            contacts,
            rows,
            promised=promised,
            reserved=reserved,
            presented_us=presented_us,
        )

    async def facts_by_identity(
        self, identity_keys: Sequence[bytes], since_us: int, declined_since_us: int, now_us: int
    ) -> CheckFacts:
        persons = await self.persons_of(identity_keys)
        declines = tuple(
            (each.family_no, each.time_us)
            for each in self._declines.values()
            if each.person_id in persons and each.time_us > declined_since_us
        )
        contacts = await self.contacts(persons, since_us, now_us)
        promised, reserved = self._promises.numbers(persons, now_us)
        presented_us = self._promises.presented_us(persons, now_us)
        return CheckFacts(persons, contacts, (), declines, promised, reserved, presented_us)

    async def facts_as_of(
        self, person_ids: Sequence[str], since_us: int, then_us: int, without_decision: str
    ) -> CheckFacts:
        contacts = tuple(
            each
            for each in await self.contacts(person_ids, since_us, then_us)
            if each.time_us < then_us and each.decision_id != without_decision
        )
        promised, reserved = self._promises.numbers_as_of(person_ids, then_us, without_decision)
        return CheckFacts(tuple(person_ids), contacts, promised=promised, reserved=reserved)

    async def persons_of(self, identity_keys: Sequence[bytes]) -> tuple[str, ...]:
        return self._identities.persons_of(identity_keys)

    async def commit(self, draft: DecisionDraft) -> CommitResult:
        known = self._decisions.get(draft.decision_id)
        if known is not None and known.draft.asked == draft.asked:
            fresh = known.decided_us > draft.now_us - LAPSE_US
            if fresh or not (draft.wanted or draft.promises):
                return CommitResult(CommitOutcome.REPEATED, answer=known.draft.answer)
        if self._erased.intersection(draft.person_ids):
            return CommitResult(CommitOutcome.WRITTEN)
        wanted = draft.wanted if draft.person_ids else ()
        held = [self._contacts.held(draft, each) for each in wanted]
        promised, _ = self._promises.numbers(draft.person_ids, draft.now_us)
        kept = promised if draft.promises else ()
        over = self._contacts.refused(draft, wanted, held)
        if refused := frozenset(place for place in over if wanted[place].offer_no not in kept):
            return CommitResult(CommitOutcome.REFUSED, refused)
        written_under = self._identities.written_under(draft.identity_key, draft.person_ids)
        if unpromised := self._promises.make(draft, written_under):
            return CommitResult(CommitOutcome.REFUSED, unpromised=unpromised)
        for each, before in zip(wanted, held, strict=True):
            self._contacts.reserve_or_renew(draft, each, before, written_under)
        if known is None:
            self._write(draft, written_under)
        else:
            self._decisions[draft.decision_id] = _Stored(draft, written_under, known.decided_us)
        return CommitResult(CommitOutcome.WRITTEN)

    async def reserve(self, reservation: Reservation) -> bool:
        asked = reservation
        persons = asked.person_ids or self._identities.persons_behind(asked.identity_keys)
        if not persons or self._erased.intersection(persons):
            return False
        return self._contacts.reserve(replace(asked, person_ids=persons))

    async def release(
        self,
        contact_id: str,
        now_us: int,
        *,
        unless_confirmed: bool = False,
        released_by: str = "",
    ) -> bool:
        return self._contacts.release(
            contact_id, now_us, unless_confirmed=unless_confirmed, released_by=released_by
        )

    async def contacts(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> tuple[Contact, ...]:
        return tuple(self._contacts.counting(person_ids, since_us, now_us))

    async def contacts_of_many(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> Mapping[str, Sequence[Contact]]:
        counting = {each: await self.contacts([each], since_us, now_us) for each in person_ids}
        return {person_id: contacts for person_id, contacts in counting.items() if contacts}

    async def declines_of_many(
        self, person_ids: Sequence[str], since_us: int
    ) -> Mapping[str, Sequence[int]]:
        declined = {each: await self.declined_us([each], since_us) for each in person_ids}
        return {person_id: times_us for person_id, times_us in declined.items() if times_us}

    async def declined_us(self, person_ids: Sequence[str], since_us: int) -> tuple[int, ...]:
        return tuple(
            each.time_us
            for each in self._declines.values()
            if each.person_id in person_ids and each.time_us > since_us
        )

    async def promises(self, person_ids: Sequence[str], now_us: int) -> tuple[OpenPromise, ...]:
        return self._promises.holding(person_ids, now_us)

    async def budgets(self) -> tuple[Spend, ...]:
        return self._promises.budgets()

    async def lapse(self, now_us: int) -> int:
        return self._promises.lapse(now_us)

    async def lapse_and_count(self, now_us: int) -> tuple[Spend, ...]:
        while await self.lapse(now_us):
            pass
        return await self.budgets()

    async def decision(self, decision_id: str) -> StoredDecision | None:
        stored = self._decisions.get(decision_id)
        if stored is None:
            return None
        trace = self._traces.get(decision_id, b"")
        return StoredDecision(
            decision_id, stored.draft.person_ids, stored.decided_us, 0, stored.draft.answer, trace
        )

    async def notices(self, decision_ids: Sequence[str]) -> Sequence[bytes]:
        found = (self._decisions.get(each) for each in decision_ids)
        return [stored.draft.notice for stored in found if stored is not None]

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
        return self._contacts.after(position)[:limit]

    async def export(
        self, person_ids: Sequence[str], identity_keys: Sequence[bytes]
    ) -> AsyncIterator[tuple[str, list[str]]]:
        persons = {*person_ids, *map(waiting_person, identity_keys)}
        ids = [key for key, held in self._decisions.items() if held.written_under in persons]
        if ids:
            yield "decisions", [json.dumps({"decision_id": each}) for each in ids]
        held = self.recordings.rows.items()
        if ids := [key for key, each in held if each.written_under in persons]:
            yield "recorded_decisions", [json.dumps({"decision_id": each}) for each in ids]
        answers = self.unconfirmed.rows.values()
        if ids := [each.decision_id for each in answers if persons.intersection(each.person_ids)]:
            yield "unconfirmed_answers", [json.dumps({"decision_id": each}) for each in ids]

    async def erase(self, person_ids: Sequence[str], identity_keys: Sequence[bytes]) -> int:
        before = self._size()
        keys = set(identity_keys)
        persons = set(person_ids) or self._identities.all_behind(keys)
        self._erased |= persons
        persons |= set(map(waiting_person, keys))
        for decision_id, stored in list(self._decisions.items()):
            if stored.written_under in persons:
                del self._decisions[decision_id]
                self._traces.pop(decision_id, None)
        self._contacts.keep(lambda held: held.person_id not in persons)
        self._promises.erase(persons)
        self.recordings.keep(lambda each: persons.isdisjoint(each.person_ids))
        self.unconfirmed.keep(lambda each: persons.isdisjoint(each.person_ids))
        self._standing = {k: v for k, v in self._standing.items() if k[0] not in persons}
        self._declines = {k: v for k, v in self._declines.items() if k[0] not in persons}
        self._identities.drop(keys, persons)
        return before - self._size()

    async def forget(self, now_us: int, longest_window_us: int) -> int:
        before = self._size()
        for decision_id, stored in list(self._decisions.items()):
            if stored.decided_us < now_us - Keep.TRACE_US:
                self._traces.pop(decision_id, None)
            if stored.decided_us < now_us - Keep.DECISION_US:
                del self._decisions[decision_id]
        self._declines = {
            key: each
            for key, each in self._declines.items()
            if each.time_us >= now_us - Keep.DECLINE_US
        }
        kept_us = now_us - max(Keep.CONTACT_US, longest_window_us)
        self._contacts.keep(lambda held: held.contact.time_us >= kept_us)
        self._promises.forget(now_us - Keep.PROMISE_US)
        self.recordings.keep(lambda each: each.decided_us >= now_us - Keep.RECORDED_US)
        self.unconfirmed.keep(lambda each: each.answered_us >= now_us - Keep.TRACE_US)
        waiting_for = {held.person_id for held in self._contacts.rows.values()}
        self._identities.drop_waiting(but_for=waiting_for)
        self._standing = {
            k: (draft, row)
            for k, (draft, row) in self._standing.items()
            if row.made_us + draft.sticky_us >= now_us
        }
        return before - self._size()

    async def note(self, changes: Sequence[Change]) -> None:
        for told in changes:
            change = self._without_foreign(told)
            match change:
                case Identified():
                    self._identities.note(change)
                    self._contacts.end_waiting(change)
                case Declined() if change.person_id not in self._erased:
                    before = self._declines.get((change.person_id, change.offer_no), change)
                    latest = max(before, change, key=lambda each: each.time_us)
                    self._declines[change.person_id, change.offer_no] = latest
                case Seen():
                    persons = self._identities.set_of(change.person_id)
                    self._contacts.see(change, persons)
                    self._promises.see(change, persons)
                case Contacted() if change.person_id not in self._erased:
                    self._contacts.record(change, self._identities.set_of(change.person_id))
                case Erased():
                    await self.erase(change.person_ids, change.identity_keys)
            if isinstance(change, Declined | Redeemed):
                self._promises.end(change, self._identities.set_of(change.person_id))

    def _without_foreign(self, change: Change) -> Change:
        """Take the decision out of what names one that was made for somebody else."""
        if not isinstance(change, Declined | Seen | Redeemed | Contacted):
            return change
        stored = self._decisions.get(change.decision_id)
        made_for = stored.draft.person_ids if stored is not None else ()
        persons = self._identities.set_of(change.person_id)
        is_foreign = made_for and not set(made_for).intersection(persons)
        return replace(change, decision_id="") if is_foreign else change

    def _size(self) -> int:
        tables = (
            self._contacts.rows,
            self._decisions,
            self._traces,
            self._standing,
            self._declines,
            self._identities.rows,
            self._promises.rows,
            self.recordings.rows,
            self.unconfirmed.rows,
        )
        return sum(len(table) for table in tables)

    def _to_record(self, decision_id: str) -> HeldRecording | None:
        stored = self._decisions.get(decision_id)
        if stored is None or self._erased.intersection(stored.draft.person_ids):
            return None
        persons = stored.draft.person_ids
        recording = StoredRecording(decision_id, persons, stored.decided_us, b"")
        return HeldRecording(recording, stored.written_under)

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
