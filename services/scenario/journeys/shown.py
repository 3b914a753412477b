"""What a decision showed beside the offer that was taken up: a call-back goes on with the same."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Protocol

from shared.call import own_call
from shared.client import invoke
from shared.errors import TouchpointError
from shared.logging import get_logger
from touchpoint.rules.v1.rules_service_pb2 import GetDecisionRequest

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 0.3
"""Who asked to be called waits: the call goes on without."""
_METHOD = "/touchpoint.rules.v1.RulesService/GetDecision"
log = get_logger(__name__)


class Decisions(Protocol):
    """What decisions showed."""

    async def shown(self, decision_id: str, person_ids: Collection[str]) -> Sequence[int]:
        """Return the numbers of what a decision showed to a person, best first.

        Nothing where nobody knows, of what was decided for somebody else, and of an answer that
        rules did not confirm: nobody checked then what may be said to whom.
        """
        ...


class RulesDecisions:
    """`Decisions` as rules keeps them."""

    def __init__(self, rules: RulesServiceAsyncStub) -> None:
        self._rules = rules

    async def shown(self, decision_id: str, person_ids: Collection[str]) -> Sequence[int]:
        request = GetDecisionRequest(decision_id=decision_id)
        try:
            answer = await invoke(self._rules.GetDecision, request, own_call(_METHOD), _TIMEOUT_S)
        except TouchpointError as error:
            log.warning("decision_not_known", reason=error.reason)
            return ()
        if not answer.committed:
            # An answer that rules did not confirm may have shown what they must not be called with.
            return ()
        if answer.person_ids and not set(answer.person_ids).intersection(person_ids):
            return ()
        return [each.offer_no for place in answer.placements for each in place.chosen]
