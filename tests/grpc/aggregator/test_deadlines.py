"""What a caller's deadline does, over real connections: nothing runs on after it."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import grpc
import grpc.aio
import pytest

from tests.grpc.aggregator.conftest import served
from tests.grpc.aggregator.test_faults import STUBS, asked
from tests.unit.aggregator.edge import PERSON
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ClaimTaskRequest,
    GetCustomerViewRequest,
    WatchCustomerRequest,
)
from touchpoint.profile.v1.profile_service_pb2 import WatchProfileResponse
from touchpoint.scenario.v1.scenario_service_pb2 import ClaimTaskResponse

CUSTOMER = {"kind": "customer", "value": "c-1"}
TIMEOUT_S = 0.1
RUNS_ON_S = 0.020
"""What work may outlive the caller's deadline by: a machine is never prompt to the millisecond."""
ROUNDS = 3


@dataclass
class NeverDone:
    """A service that works on every request until it is told to stop, and notes when that was."""

    under_way: int = 0
    ends: list = field(default_factory=list)
    busy: asyncio.Event = field(default_factory=asyncio.Event)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, request, context):
        self.under_way += 1
        self.busy.set()
        self.quiet.clear()
        try:
            await asyncio.Event().wait()
        finally:
            self.ends.append(time.monotonic())
            self.under_way -= 1
            if not self.under_way:
                self.busy.clear()
                self.quiet.set()

    async def stopped(self):
        """Wait until nobody works, and return when the last one stopped."""
        async with asyncio.timeout(10):
            await self.quiet.wait()
        return max(self.ends)


class Everything(grpc.GenericRpcHandler):
    """Takes every rpc."""

    def __init__(self, worker):
        self._worker = worker

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self._worker.work)


@asynccontextmanager
async def never_done(edge, *services):
    """Put services that never answer, on real servers, behind an edge."""
    worker = NeverDone()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Everything(worker),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await channel.channel_ready()
            stubs = {service: STUBS[service](channel) for service in services}
            edge.peers = replace(edge.peers, **stubs)
            yield worker
    finally:
        await server.stop(grace=None)


async def least_overrun_s(ask, worker):
    """Return by how much work outlived its caller's deadline, the best of some rounds.

    What runs on by design does so in every round; a machine that stalls does not.
    """
    overruns = []
    for _ in range(ROUNDS):
        deadline = time.monotonic() + TIMEOUT_S
        await ask()
        overruns.append(await worker.stopped() - deadline)
    return min(overruns)


@pytest.mark.parametrize("services", [*([name] for name in STUBS), list(STUBS)])
async def test_however_slow_a_service_is_nothing_runs_on_after_the_callers_deadline(edge, services):
    async with never_done(edge, *services) as worker, served(edge) as stub:

        async def ask():
            answer = await stub.Recommend(asked(), timeout=TIMEOUT_S)
            assert {one.service for one in answer.degraded} <= set(services)
            assert answer.degraded

        assert await least_overrun_s(ask, worker) <= RUNS_ON_S


async def test_of_a_caller_that_does_not_wait_nothing_runs_on_after_its_deadline(edge):
    async with never_done(edge, *STUBS) as worker, served(edge) as stub:

        async def ask():
            call = stub.Recommend(asked(), timeout=TIMEOUT_S)
            await worker.busy.wait()
            call.cancel()
            await edge.apart.drained()

        assert await least_overrun_s(ask, worker) <= RUNS_ON_S


async def test_a_view_that_does_not_come_together_leaves_nothing_behind(edge):
    async with never_done(edge, "profile", "rules", "scenario") as worker, served(edge) as stub:

        async def ask():
            view = await stub.GetCustomerView(
                GetCustomerViewRequest(identities=[CUSTOMER]), timeout=TIMEOUT_S
            )
            assert view.degraded

        assert await least_overrun_s(ask, worker) <= RUNS_ON_S


async def test_the_view_of_a_watcher_ends_with_the_stream(edge):
    services = ("rules", "scenario", "ranker", "retrieval")
    async with never_done(edge, *services) as worker, served(edge) as stub:
        changes = edge.peers.profile.WatchProfile.messages

        async def ask():
            watching = stub.WatchCustomer(
                WatchCustomerRequest(identities=[CUSTOMER]), timeout=TIMEOUT_S
            )
            for _ in range(ROUNDS):
                changes.put_nowait(WatchProfileResponse())
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                assert [view async for view in watching]
            assert ended.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

        assert await least_overrun_s(ask, worker) <= RUNS_ON_S


async def test_who_takes_a_task_hears_of_it_in_time_though_nobody_knows_the_person(edge):
    task = {"task_id": "t", "person_ids": [PERSON]}
    edge.peers.scenario.ClaimTask.answer = lambda _: ClaimTaskResponse(task=task)
    request = ClaimTaskRequest(agent_id="a", task_id="t")
    async with never_done(edge, "profile", "rules"), served(edge) as stub:
        # Without the way back every one of them would come just too late.
        answers = [await stub.ClaimTask(request, timeout=TIMEOUT_S) for _ in range(ROUNDS)]
    for answer in answers:
        assert answer.task.task_id == "t"
        assert [one.reason for one in answer.briefing.degraded] == ["TIMEOUT", "TIMEOUT"]


@pytest.mark.parametrize("timeout_s", [30.0, 1e9])
async def test_an_absurd_deadline_is_cut_to_a_second(edge, timeout_s):
    async with served(edge) as stub:
        answer = await stub.Recommend(asked(), timeout=timeout_s)
    assert not answer.degraded
    (first_s,) = edge.peers.profile.GetSnapshot.timeouts_s
    assert first_s <= 1.0 * 8 / 23


async def test_a_deadline_shorter_than_the_way_back_is_one_exceeded_and_nothing_is_asked(edge):
    async with served(edge) as stub:
        await stub.Recommend(asked(), timeout=TIMEOUT_S)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.Recommend(asked(), timeout=0.003)
        assert refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert not (await stub.Recommend(asked(), timeout=TIMEOUT_S)).degraded
    assert len(edge.peers.profile.GetSnapshot.requests) == 2
