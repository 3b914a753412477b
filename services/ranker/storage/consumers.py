"""What the ranker takes from the bus: decisions into the journal, erasures out of it."""

from __future__ import annotations

from collections.abc import Sequence

from services.ranker.domain.journal import JournalEntry
from services.ranker.storage.journal import append_entries, erase_entries
from shared.bus import DECISIONS, ERASURES, Bus, EffectConsumer, Message
from shared.postgres import Database, Transaction
from touchpoint.common.v1.bus_pb2 import DecisionNotice, PersonErased


def decisions_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return the one writer of the journal."""
    return EffectConsumer(
        bus, database, name="ranker_decisions", stream=DECISIONS, handle=_write_decisions
    )


def erasures_consumer(bus: Bus, database: Database) -> EffectConsumer:
    """Return what forgets erased persons."""
    return EffectConsumer(bus, database, name="ranker_erasures", stream=ERASURES, handle=_erase)


async def _write_decisions(transaction: Transaction, messages: Sequence[Message]) -> None:
    await append_entries(transaction, [journal_entry(message.data) for message in messages])


async def _erase(transaction: Transaction, messages: Sequence[Message]) -> None:
    for message in messages:
        erased = PersonErased.FromString(message.data)
        await erase_entries(transaction, list(erased.person_ids))


def journal_entry(data: bytes) -> JournalEntry:
    """Return the entry of a serialised DecisionNotice."""
    notice = DecisionNotice.FromString(data)
    return JournalEntry(notice.decision_id, tuple(notice.person_ids), notice.time_us, data)
