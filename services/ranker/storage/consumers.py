"""What the ranker takes from the bus: decisions, their answers, who is who, and erasures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.ranker.storage.journal import append_entries, erase_entries
from services.ranker.storage.learning import LearningWriter, PersonSet, SeenAtOnce
from services.ranker.storage.notices import (
    NumberOf,
    bundle_of,
    holds_answers,
    journal_entry,
    read_answers,
    read_decision,
)
from shared.bus import DECISIONS, ERASURES, EVENTS, IDENTITIES, Bus, EffectConsumer, Message
from shared.postgres import Database, Transaction
from touchpoint.common.v1.bus_pb2 import IdentityNotice, PersonErased

EVENT_MESSAGES = 20
"""Of one transaction: each may hold 150 events, and while they are taken nobody else may write."""


@dataclass(frozen=True, slots=True)
class Learning:
    """What the consumers need to write the learning log."""

    writer: LearningWriter
    seen_at_once: SeenAtOnce
    number_of: NumberOf
    now_us: Callable[[], int]


def decisions_consumer(bus: Bus, database: Database, learning: Learning) -> EffectConsumer:
    """Return the one writer of the journal."""

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        await learning.writer.begin(transaction)
        entries = [journal_entry(message.data) for message in messages]
        new = await append_entries(transaction, entries)
        decided = [
            (read_decision(entry.notice), learning.seen_at_once(bundle_of(entry.notice)))
            for entry in new
        ]
        if decided:
            await learning.writer.decided(transaction, decided, learning.now_us())

    return EffectConsumer(bus, database, name="ranker_decisions", stream=DECISIONS, handle=take)


def events_consumer(bus: Bus, database: Database, learning: Learning) -> EffectConsumer:
    """Return what joins answers with decisions."""

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        answers = read_answers(messages, learning.number_of)
        if answers:
            await learning.writer.begin(transaction)
            await learning.writer.answered(transaction, answers, learning.now_us())

    return EffectConsumer(
        bus,
        database,
        name="ranker_events",
        stream=EVENTS,
        handle=take,
        matters=holds_answers,
        batch=EVENT_MESSAGES,
    )


def identities_consumer(bus: Bus, database: Database, learning: Learning) -> EffectConsumer:
    """Return what knows who is the same person."""

    async def take(transaction: Transaction, messages: Sequence[Message]) -> None:
        await learning.writer.linked(transaction, _newest_sets(messages), learning.now_us())

    return EffectConsumer(bus, database, name="ranker_identities", stream=IDENTITIES, handle=take)


def erasures_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what forgets erased persons."""
    return EffectConsumer(bus, database, name="ranker_erasures", stream=ERASURES, handle=_erase)


def _newest_sets(messages: Sequence[Message]) -> list[PersonSet]:
    newest: dict[str, IdentityNotice] = {}
    for message in messages:
        notice = IdentityNotice.FromString(message.data)
        held = newest.get(notice.person_id)
        if held is None or held.version < notice.version:
            newest[notice.person_id] = notice
    return [(each.person_id, each.person_ids, each.version) for each in newest.values()]


async def _erase(transaction: Transaction, messages: Sequence[Message]) -> None:
    for message in messages:
        erased = PersonErased.FromString(message.data)
        await erase_entries(transaction, list(erased.person_ids))
