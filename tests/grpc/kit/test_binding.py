"""What bind() refuses at start, so that it cannot fail at the first request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from shared.binding import DeadlineLimits, StreamRpc, UnaryRpc, bind, snake_case
from shared.call import Call
from tests.grpc.kit.echo import DESCRIPTOR, SAY, EchoServicer, pb


class Good:
    async def say(self, call: Call, request: pb.SayRequest) -> pb.SayResponse:
        return pb.SayResponse()

    async def count(
        self, call: Call, request: pb.CountRequest
    ) -> AsyncGenerator[pb.CountResponse, None]:
        yield pb.CountResponse()


def test_every_rpc_is_bound_under_its_path() -> None:
    limits = DeadlineLimits(0.1, 0.5)
    binding = bind(DESCRIPTOR, Good(), deadlines={"Say": limits})
    say, count = binding.rpcs
    assert (binding.service, say.method) == ("touchpoint.test.v1.EchoService", SAY)
    assert isinstance(say, UnaryRpc)
    assert isinstance(count, StreamRpc)
    assert (say.request_type, say.deadline) == (pb.SayRequest, limits)


def test_both_ways_of_annotating_a_stream_are_understood() -> None:
    assert len(bind(DESCRIPTOR, EchoServicer()).rpcs) == 2


def test_a_missing_rpc_is_named() -> None:
    class NoCount:
        say = Good.say

    with pytest.raises(
        TypeError, match=r"NoCount does not implement .*EchoService: count: is miss"
    ):
        bind(DESCRIPTOR, NoCount())


def test_another_message_than_the_contracts_is_refused() -> None:
    class WrongRequest(Good):
        async def say(self, call: Call, request: pb.CountRequest) -> pb.SayResponse:
            return pb.SayResponse()

    class WrongResponse(Good):
        async def say(self, call: Call, request: pb.SayRequest) -> pb.CountResponse:
            return pb.CountResponse()

    class WrongStream(Good):
        async def count(self, call: Call, request: pb.CountRequest) -> AsyncIterator[pb.Word]:
            yield pb.Word()

    with pytest.raises(TypeError, match=r"say: the request must be annotated as .*SayRequest"):
        bind(DESCRIPTOR, WrongRequest())
    with pytest.raises(TypeError, match=r"say: the response must be annotated as .*SayResponse"):
        bind(DESCRIPTOR, WrongResponse())
    with pytest.raises(TypeError, match=r"count: the response must be annotated as .*CountResp"):
        bind(DESCRIPTOR, WrongStream())


def test_a_handler_of_another_shape_is_refused() -> None:
    class NotAsync(Good):
        def say(self, call: Call, request: pb.SayRequest) -> pb.SayResponse:
            return pb.SayResponse()

    class NotStreaming(Good):
        async def count(self, call: Call, request: pb.CountRequest) -> pb.CountResponse:
            return pb.CountResponse()

    class NoCall(Good):
        async def say(self, request: pb.SayRequest) -> pb.SayResponse:
            return pb.SayResponse()

    for servicer, reason in (
        (NotAsync(), "say: must be an async function"),
        (NotStreaming(), "count: must be an async generator"),
        (NoCall(), r"say: must take \(call, request\)"),
    ):
        with pytest.raises(TypeError, match=reason):
            bind(DESCRIPTOR, servicer)


def test_a_deadline_for_no_rpc_is_refused() -> None:
    with pytest.raises(TypeError, match="Shout: has a deadline but is no rpc"):
        bind(DESCRIPTOR, Good(), deadlines={"Shout": DeadlineLimits()})


@pytest.mark.parametrize(
    ("rpc", "method"),
    [("Say", "say"), ("GetSnapshot", "get_snapshot"), ("StreamHTTPLog", "stream_http_log")],
)
def test_methods_are_the_rpcs_in_snake_case(rpc: str, method: str) -> None:
    assert snake_case(rpc) == method
