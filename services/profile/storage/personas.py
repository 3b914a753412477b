"""What personas are learned from, and what was proposed, on the service's schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.profile.storage import QUERIES
from shared.postgres import Database
from touchpoint.profile.v1.personas_pb2 import PersonaProposals

MAX_SAMPLE = 10_000
"""Sets of persons; more do not tell more, and their states go through this process."""
_AT_ONCE = 200
_NOBODY = "00000000-0000-0000-0000-000000000000"
_PARTS = 1 << 16


class PostgresPersonas:
    """A `PersonaStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sample(self, seed: int, tell: Callable[[int], None]) -> Sequence[Sequence[bytes]]:
        sets = await self._database.fetchval(QUERIES.count_sets)
        parts = _PARTS if sets <= MAX_SAMPLE else _PARTS * MAX_SAMPLE // sets
        found: list[Sequence[bytes]] = []
        last = _NOBODY
        while rows := await self._database.fetch(
            QUERIES.sample_sets, last, seed, max(1, parts), _AT_ONCE
        ):
            found += [row["states"] for row in rows]
            last = rows[-1]["group_id"]
            tell(len(found))
        return found

    async def keep(self, proposals: PersonaProposals) -> None:
        await self._database.execute(
            QUERIES.keep_proposals,
            proposals.trained_time.ToMicroseconds(),
            proposals.SerializeToString(),
        )

    async def newest(self) -> PersonaProposals:
        data: bytes | None = await self._database.fetchval(QUERIES.newest_proposals)
        return PersonaProposals.FromString(data) if data else PersonaProposals()
