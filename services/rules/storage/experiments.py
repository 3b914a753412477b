"""Which experiments people were in, and how they were shared out when, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shared.postgres import Database, Queries, Row
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.experiments_pb2 import Experiment, KeptExperiment
from touchpoint.rules.v1.rules_pb2 import Bundle

_SQL = Queries.beside(__file__, "experiments.sql")


_ARM_PARAMETERS = ("holdout", "static", "arm_salt")


@dataclass(frozen=True, slots=True)
class Activation:
    """What was put into force at some moment."""

    since_us: int
    bundle_hash: str
    trial: Trial | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What was in force ever since."""

    activations: Sequence[Activation]
    """In their order."""
    sharings: Mapping[str, Bundle]
    """Of each bundle of them what shares people out: parameters of arms, and experiments."""


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

    async def history(self) -> History:
        """Return how people were shared out, by the record of versions."""
        activations = [
            Activation(row["activated_us"], row["bundle_hash"], _trial(row))
            for row in await self._database.fetch(_SQL.sharing_versions)
        ]
        hashes = {each.bundle_hash for each in activations}
        hashes |= {each.trial.bundle_hash for each in activations if each.trial is not None}
        sharings = {
            row["bundle_hash"]: Bundle.FromString(row["sharing"])
            for row in await self._database.fetch(_SQL.sharings, [*hashes])
        }
        for bundle_hash in sorted(hashes - sharings.keys()):
            sharings[bundle_hash] = await self._keep_sharing(bundle_hash)
        return History(activations, sharings)

    async def _keep_sharing(self, bundle_hash: str) -> Bundle:
        """Make and keep what a bundle says of sharing people out; whole bundles are large."""
        bundle = Bundle.FromString(await self._database.fetchval(_SQL.whole_bundle, bundle_hash))
        found = Bundle(experiments=bundle.experiments)
        for name in _ARM_PARAMETERS:
            if name in bundle.parameters:
                found.parameters[name] = bundle.parameters[name]
        kept = found.SerializeToString(deterministic=True)
        await self._database.execute(_SQL.keep_sharing, bundle_hash, kept)
        return found


def _trial(row: Row) -> Trial | None:
    if row["trial_hash"] is None:
        return None
    return Trial(bundle_hash=row["trial_hash"], share=row["trial_share"], salt=row["trial_salt"])


def _columns(
    experiments: Sequence[Experiment],
) -> tuple[list[str], list[bytes], list[float], list[int]]:
    return (
        [each.experiment for each in experiments],
        [each.SerializeToString(deterministic=True) for each in experiments],
        [each.share for each in experiments],
        [len(each.variants) for each in experiments],
    )
