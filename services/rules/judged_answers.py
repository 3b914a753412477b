"""Asks the ranker what the answers to recorded decisions say of two bundles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.call import own_call
from shared.client import invoke
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.ranker.v1.off_policy_pb2 import EvaluatePolicyRequest, JudgedShowings
from touchpoint.ranker.v1.ranker_service_pb2 import JudgeShownRequest, RankRequest
from touchpoint.rules.v1.simulation_pb2 import SimulationByAnswers

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

_SERVICE = "/touchpoint.ranker.v1.RankerService"
_TIMEOUT_S = 1.0
_EVALUATION_S = 20.0
_PATIENCE = 3
"""After so many failures in a row nothing more is asked: the report goes without."""
log = get_logger(__name__)


class JudgedAnswers:
    """Collects what was seen and answered of decisions that are made again."""

    def __init__(self, ranker: RankerServiceAsyncStub, active_hash: Callable[[], str]) -> None:
        """Take what tells the bundle in force, whose priors the ranker goes by."""
        self._ranker = ranker
        self._active_hash = active_hash
        self._before, self._after = JudgedShowings(), JudgedShowings()
        self._decisions = 0
        self._failed = 0

    async def add(self, old: RankRequest, new: RankRequest, weight: float) -> None:
        """Add a decision by what the ranker would be asked for each side; it stands for so many."""
        if self._failed >= _PATIENCE:
            return
        try:
            before = await self._judged(old)
            after = before if new == old or not before.accepted else await self._judged(new)
        except TouchpointError as error:
            self._failed += 1
            log.info("answers_not_judged", reason=error.reason, failed=self._failed)
            return
        self._failed = 0
        if len(before.accepted) != len(after.accepted) or not before.accepted:
            return  # nobody saw it, or an answer came in between
        self._decisions += 1
        for whole, one in ((self._before, before), (self._after, after)):
            whole.MergeFrom(one)
            whole.weights.extend([weight] * len(one.accepted))
            whole.decisions.extend([self._decisions] * len(one.accepted))

    async def evaluated(self) -> SimulationByAnswers | None:
        """Return what they say; None: nothing was seen, or the ranker does not answer."""
        if not self._decisions:
            return None
        call = own_call(f"{_SERVICE}/EvaluatePolicy")
        told = SimulationByAnswers(decisions=self._decisions)
        try:
            for showings, evaluation in ((self._before, told.before), (self._after, told.after)):
                request = EvaluatePolicyRequest(showings=showings)
                answer = await invoke(self._ranker.EvaluatePolicy, request, call, _EVALUATION_S)
                evaluation.CopyFrom(answer)
        except TouchpointError as error:
            log.info("answers_not_evaluated", reason=error.reason)
            return None
        return told

    async def _judged(self, request: RankRequest) -> JudgedShowings:
        asked = JudgeShownRequest(decision_id=request.context.decision_id, request=request)
        context = asked.request.context
        context.bundle_hash = self._active_hash()
        context.explain, context.preview = False, True
        call = own_call(f"{_SERVICE}/JudgeShown")
        answer = await invoke(self._ranker.JudgeShown, asked, call, _TIMEOUT_S)
        return answer.showings
