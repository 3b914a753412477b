"""The experiments that people were in, and when they ran, from rules, which keeps the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.call import own_call
from shared.client import invoke
from touchpoint.rules.v1.rules_service_pb2 import (
    ListExperimentsRequest,
    ListExperimentsResponse,
)

if TYPE_CHECKING:
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 5.0


async def kept_experiments(rules: RulesServiceAsyncStub) -> ListExperimentsResponse:
    """Return them by name, those taken out since among them; raises TouchpointError."""
    call = own_call("/touchpoint.rules.v1.RulesService/ListExperiments")
    request = ListExperimentsRequest()
    answer: ListExperimentsResponse = await invoke(rules.ListExperiments, request, call, _TIMEOUT_S)
    return answer
