"""Writing to the bus inside a transaction: a message exists if and only if its effect committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.bus.message import Publication
from shared.bus.subjects import stream_of
from shared.postgres.connection import Transaction
from shared.postgres.queries import Queries

LARGEST_MESSAGE = 512 * 1024
"""Bytes; half of what a NATS server takes. The table refuses more as well."""
_QUERIES = Queries.beside(__file__, "outbox.sql")


async def append(transaction: Transaction, publications: Sequence[Publication]) -> None:
    """Write the messages to the schema's outbox, in order, in one statement.

    The relay sends them after the commit; nothing is sent when the transaction is rolled back.
    Raises ValueError for what the bus would refuse for ever: a subject that no stream takes, more
    than `LARGEST_MESSAGE` bytes.
    """
    await transaction.execute(_QUERIES.append_to_outbox, *columns(publications))
    transaction.wrote_outbox = True


def columns(
    publications: Sequence[Publication],
) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Return ids, subjects, schema numbers and data, for a statement that writes more than them.

    Raises ValueError as `append` does; whoever runs the statement wakes the relay.
    """
    for publication in publications:
        _refuse_unsendable(publication)
    return (
        [publication.message_id for publication in publications],
        [publication.subject for publication in publications],
        [publication.schema_number for publication in publications],
        [publication.data for publication in publications],
    )


def _refuse_unsendable(publication: Publication) -> None:
    if stream_of(publication.subject) is None:
        raise ValueError(f"no stream takes {publication.subject}")
    if len(publication.data) > LARGEST_MESSAGE:
        raise ValueError(f"{len(publication.data)} bytes are too many for one message")
