"""Brings what profile told to effect, within the transaction that also notes it as taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from services.rules.domain.changes import (
    Change,
    Contacted,
    Declined,
    Erased,
    Identified,
    Redeemed,
    Seen,
)
from services.rules.storage.notices import ContactState, notice_of, publication
from services.rules.storage.promises import end_promises, erase_promises, see_promises
from shared.bus import append
from shared.bus.forgetting import forget_in_parked
from shared.postgres import Queries, Row, Transaction

_SQL = Queries.beside(__file__)

C = TypeVar("C")


async def write_changes(transaction: Transaction, changes: Sequence[Change]) -> None:
    """Write changes of all kinds, in order within each kind, and tell of contacts confirmed.

    Of imported ones nobody is told: they come by the million, and are in the log of contacts.
    """
    identified = _of(changes, Identified)
    if identified:
        await _identify(transaction, identified)
    changes = await _without_foreign(transaction, changes)
    declined = _of(changes, Declined)
    if declined:
        await _note_declines(transaction, declined)
    rows: list[Row] = []
    seen = _of(changes, Seen)
    if seen:
        rows += [row for row in await _confirm(transaction, seen) if not row["is_part"]]
        await see_promises(transaction, seen)
    contacted = _of(changes, Contacted)
    imported = [contact for contact in contacted if contact.is_imported]
    if imported:
        await _import(transaction, imported)
    for contact in contacted:
        if not contact.is_imported:
            rows += await _record(transaction, contact)
    if rows:
        notices = [notice_of(row, ContactState.CONFIRMED) for row in rows]
        await append(transaction, [publication(notice) for notice in notices])
    answered: list[Declined | Redeemed] = [*declined, *_of(changes, Redeemed)]
    if answered:
        # The last that is locked: decisions wait for the counts of budgets.
        await end_promises(transaction, answered)
    for erased in _of(changes, Erased):
        await erase_persons(transaction, erased.person_ids, erased.identity_keys)


async def erase_persons(
    transaction: Transaction, person_ids: Sequence[str], identity_keys: Sequence[bytes]
) -> int:
    """Delete everything of persons, what waits in parked messages too; returns how many rows."""
    promises = await erase_promises(transaction, person_ids, identity_keys)
    rows = await transaction.fetchval(_SQL.erase_persons, list(person_ids), list(identity_keys))
    return promises + int(rows) + await forget_in_parked(transaction, person_ids)


def _of(changes: Iterable[Change], kind: type[C]) -> list[C]:
    return [change for change in changes if isinstance(change, kind)]


async def _identify(transaction: Transaction, identified: Sequence[Identified]) -> None:
    rows = [
        (each.identity_key, each.person_id, list(each.person_ids), each.version, each.ambiguous)
        for each in identified
    ]
    await transaction.executemany(_SQL.note_identity, rows)
    await transaction.execute(_SQL.end_waiting, [each.identity_key for each in identified])


async def _without_foreign(transaction: Transaction, changes: Sequence[Change]) -> Sequence[Change]:
    """Take the decisions out of what names one that was made for somebody else.

    Whoever comes by another person's decision, in a mail that was handed on, changes nothing of
    theirs by it.
    """
    naming = [
        (at, change)
        for at, change in enumerate(changes)
        if isinstance(change, Declined | Seen | Redeemed | Contacted) and change.decision_id
    ]
    if not naming:
        return changes
    rows = await transaction.fetch(
        _SQL.foreign_decisions,
        [at for at, _ in naming],
        [change.person_id for _, change in naming],
        [change.decision_id for _, change in naming],
    )
    foreign = {row["place"] for row in rows}
    own = dict(naming)
    return [
        replace(own[at], decision_id="") if at in foreign else change
        for at, change in enumerate(changes)
    ]


async def _note_declines(transaction: Transaction, declined: Sequence[Declined]) -> None:
    await transaction.execute(
        _SQL.note_declines,
        [each.person_id for each in declined],
        [each.offer_no for each in declined],
        [each.family_no for each in declined],
        [each.time_us for each in declined],
    )


async def _confirm(transaction: Transaction, seen: Sequence[Seen]) -> list[Row]:
    return await transaction.fetch(
        _SQL.confirm_contacts,
        [each.person_id for each in seen],
        [each.decision_id for each in seen],
        [each.offer_no for each in seen],
        [each.session_id for each in seen],
    )


async def contacts_told(transaction: Transaction, contact_ids: Sequence[str]) -> frozenset[str]:
    """Return which of these contacts, named by their events, took effect already."""
    rows = await transaction.fetch(_SQL.contacts_told, list(contact_ids))
    return frozenset(row["contact_id"] for row in rows)


async def _import(transaction: Transaction, contacts: Sequence[Contacted]) -> None:
    await transaction.execute(_SQL.add_imported, *map(list, zip(*map(_columns, contacts))))


def _columns(contact: Contacted) -> tuple[object, ...]:
    return (
        contact.contact_id,
        contact.event_id,
        contact.decision_id,
        contact.person_id,
        contact.policy,
        contact.channel,
        contact.offer_no,
        contact.session_id,
        contact.time_us,
        contact.kind,
        contact.group,
    )


async def _record(transaction: Transaction, contact: Contacted) -> list[Row]:
    """Confirm the contact that was reserved for it, or else count it as one more."""
    rows = await transaction.fetch(
        _SQL.confirm_reserved,
        contact.event_id,
        contact.decision_id,
        contact.person_id,
        contact.channel,
        contact.time_us,
        contact.contact_id,
    )
    if rows:
        return rows
    return await transaction.fetch(
        _SQL.add_contact,
        contact.contact_id,
        contact.person_id,
        contact.policy,
        contact.channel,
        contact.offer_no,
        contact.session_id,
        contact.time_us,
        contact.kind,
        contact.group,
    )
