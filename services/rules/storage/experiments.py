"""Which experiments people were in, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from shared.postgres import Database, Queries
from touchpoint.rules.v1.experiments_pb2 import Experiment, KeptExperiment
from touchpoint.rules.v1.rules_pb2 import Bundle

_SQL = Queries.beside(__file__, "experiments.sql")


class PostgresExperiments:
    """The store of the experiments that people were in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, definitions: Mapping[str, bytes], now_us: int) -> None:
        """Note that somebody is in these experiments: name to its serialised definition."""
        found = [Experiment.FromString(each) for each in definitions.values()]
        names, *columns = _columns(found)
        await self._database.execute(_SQL.note_experiments, names, now_us, *columns)

    async def resettle(self, bundle: Bundle, ending: Collection[str]) -> None:
        """Go by a bundle's own definitions of experiments that ended by it, if it has them still.

        People who were in more of them than it says were let go.
        """
        found = [each for each in bundle.experiments if each.experiment in ending]
        if found:
            await self._database.execute(_SQL.resettle_experiments, *_columns(found))

    async def all(self) -> Sequence[Experiment]:
        """Return all that anybody ever was in, each by the latest of its widest definitions."""
        return [each.experiment for each in await self.kept()]

    async def kept(self) -> Sequence[KeptExperiment]:
        """Return the same with when somebody was first, by name."""
        found = []
        for row in await self._database.fetch(_SQL.experiments):
            kept = KeptExperiment(experiment=Experiment.FromString(row["definition"]))
            kept.first_time.FromMicroseconds(row["first_us"])
            found.append(kept)
        return found


def _columns(
    experiments: Sequence[Experiment],
) -> tuple[list[str], list[bytes], list[float], list[int]]:
    return (
        [each.experiment for each in experiments],
        [each.SerializeToString(deterministic=True) for each in experiments],
        [each.share for each in experiments],
        [len(each.variants) for each in experiments],
    )
