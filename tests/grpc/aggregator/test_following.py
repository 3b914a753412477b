"""Who watches goes on watching where a replica behind the edge is restarted."""

import grpc
import pytest

from services.aggregator import following
from shared.errors import InvalidArgument, Unavailable
from shared.transport.direct import rpc_error
from tests.unit.aggregator.edge import PERSON
from touchpoint.aggregator.v1.aggregator_service_pb2 import WatchCustomerRequest, WatchTasksRequest
from touchpoint.profile.v1.profile_service_pb2 import WatchProfileResponse
from touchpoint.scenario.v1.scenario_service_pb2 import WatchTasksResponse

CUSTOMER = {"kind": "customer", "value": "c-1"}
GONE, WRONG = Unavailable("gone away"), InvalidArgument(message="wrong")


class Replicas:
    """A stream that is sent by one replica after the other; each ends with an error, or well."""

    def __init__(self, *turns):
        self.turns = list(turns)
        self.calls = 0

    def __call__(self, request, *, timeout=None, metadata=()):
        self.calls += 1
        return _Stream(*self.turns.pop(0))


class _Stream:
    def __init__(self, messages, error):
        self.messages, self.error = messages, error

    def cancel(self):
        return True

    async def __aiter__(self):
        for message in self.messages:
            yield message
        if self.error is not None:
            raise rpc_error(self.error, CALL)


class _Call:
    request_id = "request"


CALL = _Call()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(following, "WAITS_S", (0.0,) * 3)


def task(task_id):
    return WatchTasksResponse(task={"task_id": task_id})


async def tasks_of(stub):
    return [one.task.task_id async for one in stub.WatchTasks(WatchTasksRequest(agent_id="a"))]


async def test_an_agent_is_sent_tasks_on_by_another_replica(stub, edge):
    tasks = Replicas(([task("1")], GONE), ([], GONE), ([task("1"), task("2")], None))
    edge.peers.scenario.WatchTasks = tasks
    assert await tasks_of(stub) == ["1", "1", "2"]


async def test_a_view_is_sent_on_by_another_replica(stub, edge):
    def change(cause):
        return WatchProfileResponse(person_ids=[PERSON], cause=cause)

    edge.peers.profile.WatchProfile = Replicas(([change("")], GONE), ([change("view")], None))
    updates = stub.WatchCustomer(WatchCustomerRequest(identities=[CUSTOMER]))
    # What came meanwhile gives way to the newest.
    assert [update.cause async for update in updates][-1] == "view"


@pytest.mark.parametrize(
    ("turns", "code", "calls"),
    [
        ([([], GONE)], grpc.StatusCode.UNAVAILABLE, 1),
        ([([task("1")], GONE), *[([], GONE)] * 3], grpc.StatusCode.UNAVAILABLE, 4),
        ([([task("1")], WRONG)], grpc.StatusCode.INVALID_ARGUMENT, 1),
    ],
    ids=["never-opened", "gone-for-good", "another-error"],
)
async def test_what_another_try_does_not_mend_is_told(stub, edge, turns, code, calls):
    edge.peers.scenario.WatchTasks = tasks = Replicas(*turns)
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await tasks_of(stub)
    assert ended.value.code() is code
    assert tasks.calls == calls
