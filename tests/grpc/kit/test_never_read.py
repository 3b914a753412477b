"""A consumer of a stream that never reads holds nothing of the service for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import grpc.aio
import pytest

from shared.call import Call
from shared.middleware.order import layers
from shared.transport.grpc_server import GrpcRoutes
from shared.transport.routes import routes
from tests.grpc.kit.echo import EchoServicer, echo_binding, pb, stubs


async def test_what_is_behind_a_stream_that_nobody_reads_is_let_go() -> None:
    ended = asyncio.Event()
    much = pb.CountResponse.FromString(b"\x7a\x80\x80\x04" + b"x" * 65_536)

    class Endless(EchoServicer):
        async def count(
            self, call: Call, request: pb.CountRequest
        ) -> AsyncIterator[pb.CountResponse]:
            try:
                while True:
                    yield much
            finally:
                ended.set()

    binding = echo_binding(Endless())
    table = GrpcRoutes(stalled_s=0.05)
    table.fill(routes([binding], layers([binding])))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((table,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = stubs.EchoServiceStub(channel)
            unread = stub.Count(pb.CountRequest(), timeout=10)
            await asyncio.wait_for(ended.wait(), 10)
            assert (await stub.Say(pb.SayRequest(text="others go on"), timeout=5)).text
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                async for _ in unread:
                    pass
    finally:
        await server.stop(None)
    assert refused.value.code() is grpc.StatusCode.ABORTED
