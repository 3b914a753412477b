"""Who looks after whom, as PostgreSQL keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.profile.domain.relationships import OPEN, Relationship, written
from services.profile.storage import QUERIES
from shared.postgres import Connection


async def read_relationships(
    connection: Connection, person_ids: Sequence[str]
) -> list[Relationship]:
    """Return what was said of persons, in no order."""
    rows: Sequence[Any] = await connection.fetch(QUERIES.relationships_of, person_ids)
    return [
        Relationship(person_id, role, owner_id, from_us, OPEN if until_us is None else until_us, at)
        for person_id, role, owner_id, from_us, until_us, at in rows
    ]


async def write_relationships(connection: Connection, said: Iterable[Relationship]) -> None:
    """Write what was said; of what was said twice of one beginning, the last counts."""
    rows = [
        (*each[:4], None if each.until_us == OPEN else each.until_us, each.set_us)
        for each in written((), said).values()
    ]
    await connection.execute(QUERIES.write_relationships, *zip(*rows, strict=True))
