"""The client on a real server: what it asks, what it answers, what it raises."""

from __future__ import annotations

import asyncio
import signal
from asyncio import timeout
from contextlib import AsyncExitStack
from queue import SimpleQueue

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health import aio as health_aio
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from shared.errors import FieldViolation, InvalidArgument, Overloaded
from shared.testing.stalling import stalling_replica
from shared.transport.options import STREAMS, server_options
from shared.transport.status import STATUS_DETAILS, to_status
from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import (
    AggregatorServiceServicer,
    add_AggregatorServiceServicer_to_server,
)
from touchpoint.client import AsyncTouchpoint, CallError, Touchpoint, connection, event
from touchpoint.client.resuming import Resuming

SERVICE = "touchpoint.aggregator.v1.AggregatorService"
REFUSAL = InvalidArgument(
    [FieldViolation("placements[0].placement", "is not known")], reason="BAD_REQUEST"
)


class Edge(AggregatorServiceServicer):
    """Answers with what it was asked."""

    def __init__(self):
        self.callers = []
        self.shown = set()

    async def Recommend(self, request, context):  # noqa: N802 as generated
        self.callers.append(dict(context.invocation_metadata()).get("x-touchpoint-caller"))
        self.note(context)
        name = request.placements[0].placement
        if name == "nowhere":
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, REFUSAL)
        if name == "busy":
            await refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, Overloaded(retry_after_s=0.5))
        placement = edge.PlacementRecommendations(placement=name)
        return pb.RecommendResponse(decision_id="d", placements=[placement])

    def note(self, context):
        self.shown.add(dict(context.invocation_metadata()).get("authorization"))

    async def Track(self, request, context):  # noqa: N802
        self.note(context)
        return pb.TrackResponse(accepted=len(request.events))

    async def GetCustomerView(self, request, context):  # noqa: N802
        return pb.GetCustomerViewResponse(who=edge.Who(name=request.identities[0].value))

    async def ExplainDecision(self, request, context):  # noqa: N802
        return pb.ExplainDecisionResponse(trace=edge.DecisionTrace(decision_id=request.decision_id))

    async def WatchCustomer(self, request, context):  # noqa: N802
        self.note(context)
        for cause in ("", "view"):
            yield pb.WatchCustomerResponse(cause=cause)
        await asyncio.Event().wait()


async def refuse(context, code, error):
    status = to_status(error, "r-1")
    context.set_trailing_metadata(((STATUS_DETAILS, status.SerializeToString()),))
    await context.abort(code, error.message)


@pytest.fixture
async def served():
    servicer, server = Edge(), grpc.aio.server()
    add_AggregatorServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield servicer, f"127.0.0.1:{port}"
    await server.stop(None)


async def test_a_key_is_shown_with_every_call_whoever_makes_it(served):
    servicer, address = served
    async with AsyncTouchpoint(address, key="tpk_a_b") as touchpoint:
        await touchpoint.recommend("customer:C1", channel="WEB", placement="web.home.banner")
        await touchpoint.stub.Track(pb.TrackRequest())
        async for _ in touchpoint.watch("customer:C1"):
            break

    def blocking():
        with Touchpoint(address, key="tpk_a_b") as touchpoint:
            touchpoint.track()
            touchpoint.stub.Track(pb.TrackRequest(), timeout=5.0)
            next(iter(touchpoint.watch("customer:C1")))

    await asyncio.to_thread(blocking)
    assert servicer.shown == {"Bearer tpk_a_b"}


async def test_every_method_reaches_its_rpc(served):
    servicer, address = served
    async with AsyncTouchpoint(address, caller="shop") as touchpoint:
        answer = await touchpoint.recommend("customer:c", channel="web", placement="web.item")
        assert answer.placements[0].placement == "web.item"
        noted = await touchpoint.track(event("view", "customer:c"), event("click", "customer:c"))
        assert noted.accepted == 2
        assert (await touchpoint.view("customer:ada")).who.name == "ada"
        assert (await touchpoint.explain("d-7")).trace.decision_id == "d-7"
    assert servicer.callers == ["shop"]


@pytest.fixture
async def two_edges():
    """Two edges with their health, and the address of both."""
    async with AsyncExitStack() as stack:
        edges, ports = [], []
        for _ in range(2):
            servicer, health, server = Edge(), health_aio.HealthServicer(), grpc.aio.server()
            await health.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
            add_AggregatorServiceServicer_to_server(servicer, server)
            add_HealthServicer_to_server(health, server)
            ports.append(server.add_insecure_port("127.0.0.1:0"))
            await server.start()
            stack.push_async_callback(server.stop, None)
            edges.append((servicer, health))
        yield edges, "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)


async def both_asked(ask, edges):
    """Ask until both edges were; not in turn before both are connected."""
    async with timeout(10.0):
        while not all(edge.callers for edge, _ in edges):
            await ask()


async def test_calls_go_in_turn_to_the_edges_that_say_that_they_serve(two_edges):
    edges, address = two_edges
    async with AsyncTouchpoint(address, timeout_s=5.0) as touchpoint:

        async def ask():
            await touchpoint.recommend("customer:c", channel="WEB", placement="web.item")

        await both_asked(ask, edges)
        (leaving, health), (staying, _) = edges
        await health.set(SERVICE, health_pb2.HealthCheckResponse.NOT_SERVING)
        async with timeout(10.0):
            while True:  # until it was heard of
                leaving.callers.clear()
                for _ in range(4):
                    await ask()
                if not leaving.callers:
                    break
        assert staying.callers


async def test_a_blocking_client_goes_to_several_edges_as_well(two_edges):
    edges, address = two_edges
    with Touchpoint(address, timeout_s=5.0) as touchpoint:

        async def ask():
            await asyncio.to_thread(
                touchpoint.recommend, "customer:c", channel="WEB", placement="web.item"
            )

        await both_asked(ask, edges)


async def test_a_view_can_be_watched_and_left(served):
    _, address = served
    async with AsyncTouchpoint(address) as touchpoint:
        causes = []
        async for update in touchpoint.watch("customer:c"):
            causes.append(update.cause)
            if len(causes) == 2:
                break
    assert causes == ["", "view"]


async def serving(port=0):
    server = grpc.aio.server()
    add_AggregatorServiceServicer_to_server(Edge(), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, port


async def causes_over_a_restart(watching):
    """Read two updates, restart the edge, and read two more."""
    server, port = await serving()
    updates = watching(f"127.0.0.1:{port}")
    found = [(await anext(updates)).cause for _ in range(2)]
    await server.stop(None)
    server, _ = await serving(port)
    try:
        found += [(await anext(updates)).cause for _ in range(2)]
    finally:
        await updates.aclose()
        await server.stop(None)
    return found


async def watched(address, **how):
    async with AsyncTouchpoint(address) as touchpoint:
        async for update in touchpoint.watch("customer:c", **how):
            yield update


async def watched_blocking(address):
    with Touchpoint(address) as touchpoint:
        updates = touchpoint.watch("customer:c")
        while True:
            yield await asyncio.to_thread(next, updates)


@pytest.mark.parametrize("watching", [watched, watched_blocking])
async def test_a_view_is_watched_on_when_the_edge_was_restarted(watching):
    async with timeout(30):
        # The first view after it is a whole one, of no event in particular.
        assert await causes_over_a_restart(watching) == ["", "view", "", "view"]


async def test_who_wants_to_know_of_a_restart_is_told():
    async with timeout(30):
        with pytest.raises(CallError):
            await causes_over_a_restart(lambda address: watched(address, resume=False))


async def test_an_edge_that_never_answered_is_not_watched_on():
    async with timeout(30):
        with pytest.raises(CallError) as refused:
            await anext(watched("127.0.0.1:1"))
    assert refused.value.is_unreachable


async def test_closing_the_client_ends_what_waits_for_the_edge(monkeypatch):
    server, port = await serving()
    pauses = SimpleQueue()

    class Patient(Resuming):
        def pause_s(self, error):
            pauses.put(super().pause_s(error))
            return 3_600.0

    monkeypatch.setattr(connection, "Resuming", Patient)

    def watch_on(updates):
        with pytest.raises(CallError):
            next(updates)

    with Touchpoint(f"127.0.0.1:{port}") as touchpoint:
        updates = touchpoint.watch("customer:c")
        for _ in range(2):
            await asyncio.to_thread(next, updates)
        waiting = asyncio.create_task(asyncio.to_thread(watch_on, updates))
        await server.stop(None)
        assert await asyncio.to_thread(pauses.get, timeout=20) is not None
        assert not waiting.done()
    async with timeout(30):
        await waiting


async def test_those_who_watch_leave_calls_their_way():
    servicer, server = Edge(), grpc.aio.server(options=server_options(65536))
    add_AggregatorServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with AsyncTouchpoint(f"127.0.0.1:{port}", timeout_s=5) as touchpoint, timeout(10):
        watching = [touchpoint.watch("customer:c") for _ in range(STREAMS + 20)]
        for updates in watching:
            assert (await anext(updates)).cause == ""
        assert (await touchpoint.view("customer:ada")).who.name == "ada"
        for updates in watching:
            await updates.aclose()
        again = touchpoint.watch("customer:c")
        assert (await anext(again)).cause == ""
        assert len(touchpoint._streams.channels) == 2  # room that was left is used again
        await again.aclose()
    await server.stop(None)


async def test_a_frozen_edge_is_noticed_although_nobody_set_a_deadline(monkeypatch):
    monkeypatch.setattr(connection, "_PING_EVERY_MS", 200)
    monkeypatch.setattr(connection, "_PING_ANSWER_MS", 200)
    async with stalling_replica() as frozen, AsyncTouchpoint(frozen.address) as touchpoint:
        with pytest.raises(CallError):  # it serves something else; what counts is the connection
            await touchpoint.view("customer:c")
        frozen.process.send_signal(signal.SIGSTOP)
        async with timeout(20):
            with pytest.raises(CallError) as noticed:
                await touchpoint.view("customer:c")
    assert noticed.value.is_unreachable


async def test_a_refusal_names_the_field_and_the_reason(served):
    _, address = served
    async with AsyncTouchpoint(address) as touchpoint:
        with pytest.raises(CallError, match="is not known") as refused:
            await touchpoint.recommend("customer:c", channel="web", placement="nowhere")
    error = refused.value
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_REQUEST")
    assert [found.field for found in error.violations] == ["placements[0].placement"]
    assert (error.request_id, error.is_unreachable) == ("r-1", False)


async def test_an_overloaded_edge_says_when_to_come_again(served):
    _, address = served
    async with AsyncTouchpoint(address) as touchpoint:
        with pytest.raises(CallError) as refused:
            await touchpoint.recommend("customer:c", channel="web", placement="busy")
    assert refused.value.retry_after_s == 0.5


async def test_the_blocking_client_does_the_same(served):
    _, address = served

    def ask():
        with Touchpoint(address) as touchpoint:
            answer = touchpoint.recommend("customer:c", channel="web", placement="web.item")
            first = next(touchpoint.watch("customer:c"))
            with pytest.raises(CallError) as refused:
                touchpoint.recommend("customer:c", channel="web", placement="nowhere")
            return answer.decision_id, first.cause, refused.value.reason

    assert await asyncio.to_thread(ask) == ("d", "", "BAD_REQUEST")


async def test_nobody_at_the_address_is_told_apart_from_a_refusal():
    async with AsyncTouchpoint("127.0.0.1:1") as touchpoint:
        with pytest.raises(CallError) as refused:
            await touchpoint.track(event("view", "customer:c"))
    assert refused.value.is_unreachable
