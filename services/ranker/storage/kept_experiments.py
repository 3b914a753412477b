"""The experiments that people were in, from rules, which notes them before the first decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.call import own_call
from shared.client import invoke
from touchpoint.rules.v1.experiments_pb2 import KeptExperiment
from touchpoint.rules.v1.rules_service_pb2 import ListExperimentsRequest

if TYPE_CHECKING:
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

_TIMEOUT_S = 5.0


async def kept_experiments(rules: RulesServiceAsyncStub) -> Sequence[KeptExperiment]:
    """Return them by name, those taken out since among them; raises TouchpointError."""
    call = own_call("/touchpoint.rules.v1.RulesService/ListExperiments")
    answer = await invoke(rules.ListExperiments, ListExperimentsRequest(), call, _TIMEOUT_S)
    return answer.experiments
