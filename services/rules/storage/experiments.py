"""Which experiments people were in, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.postgres import Database, Queries
from touchpoint.rules.v1.experiments_pb2 import Experiment

_SQL = Queries.beside(__file__, "experiments.sql")


class PostgresExperiments:
    """The store of the experiments that people were in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, definitions: Mapping[str, bytes], now_us: int) -> None:
        """Note that somebody is in these experiments: name to its serialised definition."""
        names = list(definitions)
        await self._database.execute(
            _SQL.note_experiments, names, now_us, list(definitions.values())
        )

    async def all(self) -> Sequence[Experiment]:
        """Return all that anybody ever was in, as defined when somebody was last."""
        rows = await self._database.fetch(_SQL.experiments)
        return [Experiment.FromString(row["definition"]) for row in rows]
