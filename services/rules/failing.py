"""Tells which rules could not be evaluated in the last hour, on whatever replica."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.counting import Counting
from services.rules.domain.failures import LATELY_US, RecentFailure, told
from services.rules.domain.results import ResultStore
from shared.clock import BusinessClock
from shared.errors import FailedPrecondition
from touchpoint.rules.v1 import rules_service_pb2 as pb


class Failing:
    """Reads what all replicas counted; what this one counted meanwhile is written before."""

    def __init__(self, store: ResultStore, counting: Counting, clock: BusinessClock) -> None:
        self._store = store
        self._counting = counting
        self._clock = clock

    async def check(self) -> None:
        """Raise `FailedPrecondition` naming the rules that fail: for health, which only shows it.

        Whoever fails is left out, so that requests are answered all the same.
        """
        if said := told(await self._lately()):
            raise FailedPrecondition(said, reason="RULES_FAIL")

    async def get(self) -> pb.GetRuleFailuresResponse:
        """Answer with the most frequent first."""
        await self._counting.write()
        response = pb.GetRuleFailuresResponse()
        for each in await self._lately():
            found = response.failures.add(
                rule=each.rule, shadow=each.shadow, decisions=each.decisions
            )
            found.latest_time.FromMicroseconds(each.latest_us)
        return response

    async def _lately(self) -> Sequence[RecentFailure]:
        return await self._store.failures(self._clock.now_us() - LATELY_US)
