"""The scenario service as its callers see it, over a real server."""

import grpc
import pytest

from services.scenario.servicer import ScenarioServicer
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.testing.grpc import grpc_service
from touchpoint.scenario.v1 import scenario_service_pb2 as pb
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub


@pytest.fixture
async def scenario(clock):
    contract = pb.DESCRIPTOR.services_by_name["ScenarioService"]
    binding = bind(contract, ScenarioServicer(InMemoryAgents(), clock), validators=VALIDATORS)
    async with grpc_service(binding) as channel:
        yield ScenarioServiceStub(channel)


async def test_nothing_is_due_while_no_scenario_is_defined(scenario):
    request = pb.GetDueRequest()
    request.context.bundle_hash = "abc"
    response = await scenario.GetDue(request, timeout=5)
    assert list(response.actions) == []
    assert response.versions.bundle_hash == "abc"


async def test_an_agent_who_signed_on_is_told_that_no_task_waits(scenario):
    await scenario.SetAgentStatus(
        pb.SetAgentStatusRequest(agent_id="ada", status=AgentStatus.AVAILABLE), timeout=5
    )
    with pytest.raises(grpc.aio.AioRpcError, match="no task waits") as refused:
        await scenario.ClaimTask(pb.ClaimTaskRequest(agent_id="ada"), timeout=5)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_an_agent_who_is_not_signed_on_is_told_to(scenario):
    away = pb.SetAgentStatusRequest(agent_id="ada", status=AgentStatus.AWAY)
    await scenario.SetAgentStatus(away, timeout=5)
    for agent_id in ("ada", "bob"):
        with pytest.raises(grpc.aio.AioRpcError, match="SetAgentStatus") as refused:
            await scenario.ClaimTask(pb.ClaimTaskRequest(agent_id=agent_id), timeout=5)
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


async def test_a_status_without_agent_or_value_is_refused_with_both_paths(scenario):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await scenario.SetAgentStatus(pb.SetAgentStatusRequest(capacity=101), timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    details = refused.value.details()
    assert all(path in details for path in ("agent_id", "status", "capacity"))


async def test_erasing_a_person_of_whom_nothing_is_kept_deletes_nothing(scenario):
    response = await scenario.ErasePerson(pb.ErasePersonRequest(person_ids=["p"]), timeout=5)
    assert response.rows == 0
