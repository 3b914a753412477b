"""Writing to the bus inside a transaction: a message exists if and only if its effect committed."""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus.message import Publication
from shared.postgres.connection import Transaction
from shared.postgres.queries import Queries

_QUERIES = Queries.beside(__file__, "outbox.sql")


async def append(transaction: Transaction, publications: Sequence[Publication]) -> None:
    """Write the messages to the schema's outbox, in order, in one statement.

    The relay sends them after the commit; nothing is sent when the transaction is rolled back.
    """
    await transaction.execute(
        _QUERIES.append_to_outbox,
        [publication.message_id for publication in publications],
        [publication.subject for publication in publications],
        [publication.schema_number for publication in publications],
        [publication.data for publication in publications],
    )
    transaction.wrote_outbox = True
