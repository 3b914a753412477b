"""Notes, once for each experiment and bundle, that people are in it, before the first decision."""

from __future__ import annotations

from services.rules.definitions.policy import CompiledBundle
from services.rules.storage.experiments import PostgresExperiments
from touchpoint.common.v1.decision_pb2 import DecisionContext

_MOST_KNOWN = 1_000


class TakingPart:
    """What this replica noted already."""

    def __init__(self, store: PostgresExperiments) -> None:
        self._store = store
        self._known: set[tuple[str, str]] = set()

    async def note(self, context: DecisionContext, compiled: CompiledBundle) -> None:
        """Return when it is noted that somebody is in the experiments of a decision."""
        if not context.variants:
            return
        bundle_hash = context.bundle_hash
        fresh = {
            each.experiment: compiled.experiments[each.experiment]
            for each in context.variants
            if (bundle_hash, each.experiment) not in self._known
            and each.experiment in compiled.experiments
        }
        if not fresh:
            return
        await self._store.note(fresh, context.now_us)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()  # of bundles that are long gone
        self._known.update((bundle_hash, experiment) for experiment in fresh)
