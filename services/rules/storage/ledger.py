"""The contact ledger and the decisions in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from services.rules.domain.budgets import Spend
from services.rules.domain.changes import Change
from services.rules.domain.contact_owners import demand_own, foreign_contact
from services.rules.domain.counters import Contact
from services.rules.domain.drafts import CommitOutcome, CommitResult, DecisionDraft, Reservation
from services.rules.domain.facts import CheckFacts, LoggedContact, StoredDecision
from services.rules.domain.promises import LATE_US, OpenPromise
from services.rules.domain.retention import Keep
from services.rules.domain.standing import StandingKey, StandingRow
from services.rules.storage.changes import erase_persons, write_changes
from services.rules.storage.commit_arguments import commit_arguments, reservation_arguments, signed
from services.rules.storage.export import export_person
from services.rules.storage.notices import ContactState, contact_notice, notice_of, publication
from services.rules.storage.promises import (
    forget_promises,
    lapse_and_count,
    lapse_promises,
    read_budgets,
    read_promises,
)
from services.rules.storage.recordings import forget_recordings
from services.rules.storage.unconfirmed import forget_answers
from shared.bus import append
from shared.person_export import Rows
from shared.postgres import Database, Queries, Row
from touchpoint.common.v1.bus_pb2 import ContactNotice

_SQL = Queries.beside(__file__)
_SLICE = 1000
_FOREIGN = 2
"""What `reserve_contact` answers for a contact that is somebody else's."""


class PostgresLedger:
    """A `Ledger` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check_facts(
        self, person_ids: Sequence[str], key: StandingKey, since_us: int, now_us: int
    ) -> CheckFacts:
        rows = await self._database.fetch(
            _SQL.check_facts,
            person_ids,
            since_us,
            now_us,
            person_ids[0],
            key.digest,
            signed(key.token),
            key.bundle_hash,
        )
        if not rows:
            return CheckFacts(tuple(person_ids))
        return CheckFacts(
            tuple(person_ids),
            tuple(_contact(row) for row in rows if row["part"] == 1),
            tuple(_standing(row) for row in rows if row["part"] == 2),
            promised=_numbers(rows, part=4),
            reserved=_numbers(rows, part=5),
            presented_us=_presented_us(rows),
        )

    async def facts_by_identity(
        self, identity_keys: Sequence[bytes], since_us: int, declined_since_us: int, now_us: int
    ) -> CheckFacts:
        rows = await self._database.fetch(
            _SQL.facts_by_identity, identity_keys, since_us, now_us, declined_since_us
        )
        persons = sorted((row for row in rows if row["part"] == 0), key=lambda row: row["number"])
        return CheckFacts(
            tuple(row["policy"] for row in persons),
            tuple(_contact(row) for row in rows if row["part"] == 1),
            (),
            tuple((row["number"], row["time_us"]) for row in rows if row["part"] == 3),
            promised=_numbers(rows, part=4),
            reserved=_numbers(rows, part=5),
            presented_us=_presented_us(rows),
        )

    async def facts_as_of(
        self, person_ids: Sequence[str], since_us: int, then_us: int, without_decision: str
    ) -> CheckFacts:
        rows = await self._database.fetch(
            _SQL.facts_as_of, list(person_ids), since_us, then_us, without_decision, LATE_US
        )
        return CheckFacts(
            tuple(person_ids),
            tuple(_contact(row) for row in rows if row["part"] == 1),
            promised=_numbers(rows, part=4),
            reserved=_numbers(rows, part=5),
        )

    async def persons_of(self, identity_keys: Sequence[bytes]) -> tuple[str, ...]:
        found = await self._database.fetchval(_SQL.persons_of, identity_keys)
        return tuple(found or ())

    async def commit(self, draft: DecisionDraft) -> CommitResult:
        row = await self._database.fetchrow(_SQL.commit_decision, *commit_arguments(draft))
        assert row is not None
        outcome = CommitOutcome(row["outcome"])
        if outcome is CommitOutcome.WRITTEN:
            self._database.outbox_written.set()
            return _WRITTEN
        return CommitResult(
            outcome, _places(row["refused"]), row["answered"] or b"", _places(row["unpromised"])
        )

    async def reserve(self, reservation: Reservation) -> bool:
        async with self._database.transaction() as transaction:
            persons = reservation.person_ids or await transaction.fetchval(
                _SQL.persons_behind, reservation.identity_keys
            )
            if not persons:
                return False
            outcome = await transaction.fetchval(
                _SQL.reserve_contact,
                *reservation_arguments(
                    reservation,
                    persons,
                    _reserved_notice(reservation, persons[0]).SerializeToString(),
                ),
            )
            if outcome == _FOREIGN:
                raise foreign_contact()
            transaction.wrote_outbox = True
        return bool(outcome)

    async def release(
        self,
        contact_id: str,
        now_us: int,
        *,
        unless_confirmed: bool = False,
        released_by: str = "",
    ) -> bool:
        async with self._database.transaction() as transaction:
            if released_by:
                owner = await transaction.fetchval(_SQL.reserved_by, contact_id)
                demand_own(owner, released_by)
            row = await transaction.fetchrow(
                _SQL.release_contact, contact_id, now_us, unless_confirmed
            )
            if row is not None:
                await append(transaction, [publication(notice_of(row, ContactState.RELEASED))])
        return row is not None

    async def contacts(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> tuple[Contact, ...]:
        rows = await self._database.fetch(
            _SQL.contacts_that_count, list(person_ids), since_us, now_us
        )
        return tuple(_contact(row) for row in rows)

    async def contacts_of_many(
        self, person_ids: Sequence[str], since_us: int, now_us: int
    ) -> Mapping[str, Sequence[Contact]]:
        found: dict[str, list[Contact]] = {}
        rows = await self._database.fetch(
            _SQL.contacts_that_count, list(person_ids), since_us, now_us
        )
        for row in rows:
            found.setdefault(row["person_id"], []).append(_contact(row))
        return found

    async def declines_of_many(
        self, person_ids: Sequence[str], since_us: int
    ) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for row in await self._database.fetch(_SQL.declined, list(person_ids), since_us):
            found.setdefault(row["person_id"], []).append(row["time_us"])
        return found

    async def declined_us(self, person_ids: Sequence[str], since_us: int) -> tuple[int, ...]:
        rows = await self._database.fetch(_SQL.declined, list(person_ids), since_us)
        return tuple(row["time_us"] for row in rows)

    async def promises(self, person_ids: Sequence[str], now_us: int) -> tuple[OpenPromise, ...]:
        return await read_promises(self._database, person_ids, now_us)

    async def budgets(self) -> tuple[Spend, ...]:
        return await read_budgets(self._database)

    async def lapse(self, now_us: int) -> int:
        return await lapse_promises(self._database, now_us)

    async def lapse_and_count(self, now_us: int) -> tuple[Spend, ...]:
        return await lapse_and_count(self._database, now_us)

    async def decision(self, decision_id: str) -> StoredDecision | None:
        row = await self._database.fetchrow(_SQL.decision, decision_id)
        if row is None:
            return None
        persons = tuple(row["person_ids"])
        trace = row["trace"] or b""
        return StoredDecision(decision_id, persons, row["decided_us"], 0, row["answer"], trace)

    async def notices(self, decision_ids: Sequence[str]) -> Sequence[bytes]:
        rows = await self._database.fetch(_SQL.notices, list(decision_ids))
        return [row["notice"] for row in rows]

    async def latest_decisions(
        self, person_ids: Sequence[str], limit: int
    ) -> Sequence[StoredDecision]:
        rows = await self._database.fetch(_SQL.latest_decisions, list(person_ids), limit)
        return [
            StoredDecision(row["decision_id"], (), row["decided_us"], row["channel"], row["answer"])
            for row in rows
        ]

    async def decisions_after(self, position: int, limit: int) -> tuple[int, Sequence[bytes]]:
        rows = await self._database.fetch(_SQL.decisions_after, position, limit)
        last = rows[-1]["position"] if rows else position
        return last, [row["notice"] for row in rows]

    async def contacts_after(self, position: int, limit: int) -> Sequence[LoggedContact]:
        rows = await self._database.fetch(_SQL.contacts_after, position, limit)
        return [LoggedContact(**row) for row in rows]

    async def erase(self, person_ids: Sequence[str], identity_keys: Sequence[bytes]) -> int:
        async with self._database.transaction() as transaction:
            return await erase_persons(transaction, person_ids, identity_keys)

    def export(
        self, person_ids: Sequence[str], identity_keys: Sequence[bytes]
    ) -> AsyncIterator[Rows]:
        return export_person(self._database, person_ids, identity_keys)

    async def forget(self, now_us: int, longest_window_us: int) -> int:
        rows = 0
        for statement, before_us in (
            (_SQL.forget_traces, now_us - Keep.TRACE_US),
            (_SQL.forget_decisions, now_us - Keep.DECISION_US),
            (_SQL.forget_standing, now_us),
            (_SQL.forget_declines, now_us - Keep.DECLINE_US),
            (_SQL.forget_contacts, now_us - max(Keep.CONTACT_US, longest_window_us)),
        ):
            rows += await self._database.forget_slice(statement, before_us, _SLICE)
        rows += await forget_promises(self._database, now_us - Keep.PROMISE_US)
        rows += await forget_answers(self._database, now_us - Keep.TRACE_US, _SLICE)
        rows += await forget_recordings(self._database, now_us - Keep.RECORDED_US, _SLICE)
        return rows + _count(await self._database.execute(_SQL.forget_waiting, _SLICE))

    async def note(self, changes: Sequence[Change]) -> None:
        async with self._database.transaction() as transaction:
            await write_changes(transaction, changes)


def _count(status: str) -> int:
    """Return how many rows a statement changed, from its `DELETE 3`."""
    return int(status.rpartition(" ")[2])


_WRITTEN = CommitResult(CommitOutcome.WRITTEN)


def _places(found: Sequence[int] | None) -> frozenset[int]:
    """Return places counted from 0; PostgreSQL counts them from 1."""
    return frozenset(place - 1 for place in found or ())


def _numbers(rows: Sequence[Row], part: int) -> tuple[int, ...]:
    return tuple(row["number"] for row in rows if row["part"] == part)


def _presented_us(rows: Sequence[Row]) -> Mapping[int, int]:
    """Return when each was decided; of several of one offer, of that which holds longest."""
    theirs = [row for row in rows if row["part"] in (4, 5)]
    theirs.sort(key=lambda row: (-row["part"], row["until_us"], -row["time_us"]))
    return {row["number"]: row["time_us"] for row in theirs}


def _reserved_notice(reservation: Reservation, person_id: str) -> ContactNotice:
    return contact_notice(
        reservation.contact_id,
        person_id,
        ContactState.RESERVED,
        reservation.policy,
        reservation.channel,
        reservation.offer_no,
        reservation.now_us,
    )


def _contact(row: Row) -> Contact:
    return Contact(
        row["policy"],
        row["time_us"],
        row["number"],
        row["placement"],
        row["session_id"],
        row["decision_id"],
        row["channel"],
        row["offer_kind"],
        row["offer_group"],
        row["is_part"],
    )


def _standing(row: Row) -> StandingRow:
    return StandingRow(
        row["placement"],
        row["number"],
        row["decision_id"],
        tuple(row["offer_nos"]),
        tuple(row["sources"]),
        row["time_us"],
    )
