"""What rules takes from the bus: declines, impressions, contacts, calls, pseudonyms, erasures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from services.rules.domain.changes import (
    Change,
    Contacted,
    Declined,
    Erased,
    Identified,
    Redeemed,
    Seen,
)
from services.rules.domain.counters import Terms
from services.rules.storage.changes import write_changes
from shared.bus import CALLS, ERASURES, EVENTS, IDENTITIES, Bus, EffectConsumer, Message
from shared.bus.subjects import HISTORY_IMPORTED
from shared.postgres import Database, Transaction
from touchpoint.common.v1.bus_pb2 import (
    CallNotice,
    EventNotice,
    EventNotices,
    IdentityNotice,
    PersonErased,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel, Origin

TermsOf = Callable[[int], Terms]
"""What an offer says of its contacts, by its number."""
NumberOf = Callable[[str], int]
"""The number of an offer by its id; 0: it is not known."""
Complete = Callable[[Iterable[Change]], list[Change]]
"""Adds to changes what the catalogue knows, see `completed`."""

_REDEEMED_BY = frozenset({"accept", "purchase"})
"""What is accepted and is no item, which alone has a family, may have been promised."""


def events_consumer(bus: Bus, database: Database, complete: Complete) -> EffectConsumer:
    """Return what keeps declines and the ledger up to date."""

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        changes = complete(change for message in messages for change in _changes_of(message))
        if changes:
            await write_changes(transaction, changes)

    return EffectConsumer(
        bus, database, name="rules_events", stream=EVENTS, handle=take, matters=_changes_any
    )


def calls_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what confirms the contacts of calls that were made."""
    return EffectConsumer(bus, database, name="rules_calls", stream=CALLS, handle=_take_calls)


def identities_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what keeps the pseudonyms."""
    return EffectConsumer(
        bus, database, name="rules_identities", stream=IDENTITIES, handle=_take_identities
    )


def erasures_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what forgets erased persons."""
    return EffectConsumer(
        bus, database, name="rules_erasures", stream=ERASURES, handle=_take_erasures
    )


def change_of(notice: EventNotice) -> Change | None:
    """Return what an event changes here, None for most."""
    event_name = f"event/{notice.person_id}/{notice.seq}"
    if notice.type == "decline" and notice.offer_no:
        family_no = notice.family_no or notice.offer_no
        return Declined(
            notice.person_id, notice.offer_no, family_no, notice.time_us, notice.decision_id
        )
    is_imported = notice.origin == Origin.HISTORY
    if notice.type == "contact_sent":
        # What is imported has no number of its own.
        imported_name = f"imported/{notice.person_id}/{notice.event_id}"
        return Contacted(
            contact_id=imported_name if is_imported else event_name,
            event_id=notice.event_id,
            person_id=notice.person_id,
            decision_id=notice.decision_id,
            channel=notice.channel,
            offer_no=notice.offer_no,
            session_id=notice.session_id,
            time_us=notice.time_us,
            is_imported=is_imported,
        )
    if is_imported:  # nothing else of it counts
        return None
    if notice.type == "impression" and notice.offer_no:
        return Seen(notice.person_id, notice.decision_id, notice.offer_no, notice.session_id)
    if notice.type in _REDEEMED_BY:
        return _redeemed(notice, event_name)
    return None


def _redeemed(notice: EventNotice, event_name: str) -> Redeemed | None:
    offer_no = 0 if notice.family_no else notice.offer_no
    if not offer_no and not notice.promotion_id:
        return None
    return Redeemed(
        notice.person_id,
        notice.decision_id,
        offer_no,
        notice.time_us,
        event_name,
        notice.received_us,
        "" if offer_no else notice.promotion_id,
    )


def completed(changes: Iterable[Change], terms_of: TermsOf, number_of: NumberOf) -> list[Change]:
    """Return contacts as their offers say that they count, and what is redeemed by its number.

    Left out is what redeems an offer that nobody knows; other changes are as they were.
    """
    found: list[Change] = []
    for change in changes:
        if isinstance(change, Contacted) and change.offer_no:
            terms = terms_of(change.offer_no)
            change = replace(change, policy=terms.policy, kind=terms.kind, group=terms.group)
        elif isinstance(change, Redeemed) and change.offer_id:
            change = replace(change, offer_no=number_of(change.offer_id), offer_id="")
            if not change.offer_no:
                continue
        found.append(change)
    return found


def called(notice: CallNotice) -> Contacted:
    return Contacted(
        contact_id=notice.contact_id,
        event_id=notice.contact_id,
        person_id=notice.person_id,
        decision_id="",
        channel=Channel.CALL_CENTER,
        offer_no=0,
        session_id="",
        time_us=notice.time_us,
    )


def identified(notice: IdentityNotice) -> Identified:
    return Identified(
        notice.identity_key.key,
        notice.person_id,
        tuple(notice.person_ids),
        notice.version,
        notice.ambiguous,
    )


def _changes_of(message: Message) -> list[Change]:
    if message.subject == HISTORY_IMPORTED:
        return []
    changes = map(change_of, EventNotices.FromString(message.data).notices)
    return [change for change in changes if change is not None]


def _changes_any(message: Message) -> bool:
    return bool(_changes_of(message))


async def _take_calls(transaction: Transaction, messages: Sequence[Message]) -> None:
    await write_changes(transaction, [called(CallNotice.FromString(m.data)) for m in messages])


async def _take_identities(transaction: Transaction, messages: Sequence[Message]) -> None:
    changes = [identified(IdentityNotice.FromString(message.data)) for message in messages]
    await write_changes(transaction, changes)


async def _take_erasures(transaction: Transaction, messages: Sequence[Message]) -> None:
    told = [PersonErased.FromString(message.data) for message in messages]
    changes = [
        Erased(tuple(each.person_ids), tuple(key.key for key in each.identity_keys))
        for each in told
    ]
    await write_changes(transaction, changes)
