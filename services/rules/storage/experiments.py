"""Which experiments people were in, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.postgres import Database, Queries
from touchpoint.rules.v1.experiments_pb2 import Experiment, KeptExperiment

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
        return [each.experiment for each in await self.kept()]

    async def kept(self) -> Sequence[KeptExperiment]:
        """Return the same with when somebody was first, by name."""
        found = []
        for row in await self._database.fetch(_SQL.experiments):
            kept = KeptExperiment(experiment=Experiment.FromString(row["definition"]))
            kept.first_time.FromMicroseconds(row["first_us"])
            found.append(kept)
        return found
