"""The edge at one address: every rpc as a method, blocking or async."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import grpc
import grpc.aio

from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.client.attempts import Attempts, Manners
from touchpoint.client.bearing import BearingChannel, bearing
from touchpoint.client.errors import CallError, call_error
from touchpoint.client.requests import (
    Wanted,
    Who,
    identities,
    recommend_request,
    track_request,
)
from touchpoint.client.resuming import FIRST_PAUSE_S, LONGEST_PAUSE_S, Resuming
from touchpoint.client.streams import ON_ITS_OWN, StreamConnections
from touchpoint.common.v1.event_pb2 import Event

DEFAULT_ADDRESS = "127.0.0.1:7400"
_PING_EVERY_MS, _PING_ANSWER_MS = 10_000, 5_000
"""So that a frozen or unreachable edge is noticed although a call has no deadline of its own. What
bounds the answer is `ping_timeout_ms`: with `keepalive_timeout_ms` alone it takes a minute."""
_LARGEST_ANSWER = 16 * 1024 * 1024
_RECONNECTS = (
    ("grpc.initial_reconnect_backoff_ms", round(FIRST_PAUSE_S * 1e3)),
    ("grpc.max_reconnect_backoff_ms", round(LONGEST_PAUSE_S * 1e3)),
)
"""gRPC by itself waits up to two minutes before it dials again."""
_SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": "touchpoint.aggregator.v1.AggregatorService"},
    }
)
"""Calls go in turn to the edges of an address that say SERVING: of one that is stopped, none is
lost. Whatever stands between and knows nothing of health counts as well."""
_CALLER = "x-touchpoint-caller"

Response = TypeVar("Response")


def _options() -> Sequence[tuple[str, str | int]]:
    return (
        ("grpc.keepalive_time_ms", _PING_EVERY_MS),
        ("grpc.http2.ping_timeout_ms", _PING_ANSWER_MS),
        ("grpc.max_receive_message_length", _LARGEST_ANSWER),
        ("grpc.service_config", _SERVICE_CONFIG),
        *_RECONNECTS,
    )


class Touchpoint:
    """The edge, blocking. Close it or use it as a context; safe to share between threads.

    `timeout_s` is the deadline of each call; None leaves it to the placement (100 ms) or the rpc.
    With a deadline, and as far as it allows, what the edge refused or could not be reached for is
    tried again, at most a tenth of all calls. Every method raises CallError when the edge refuses
    or cannot be reached, Throttled for a call that was not sent since the edge refuses most.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout_s: float | None = None,
        caller: str = "",
        key: str = "",
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """Take `host:port` and, where the edge is closed, a key or token and its TLS.

        A name of several edges (DNS) or a list (`ipv4:10.0.0.1:7400,10.0.0.2:7400`) is asked in
        turn, without those that are being stopped. `caller` names the calling system in the logs
        and rights of an edge that is open; a key has a name of its own.
        `grpc.ssl_channel_credentials()` is TLS by the system's authorities.
        """

        def dial(*more: tuple[str, str | int]) -> grpc.Channel:
            channel = (
                grpc.insecure_channel(address, options=(*_options(), *more))
                if credentials is None
                else grpc.secure_channel(address, credentials, options=(*_options(), *more))
            )
            return bearing(channel, key) if key else channel

        self.channel = dial()
        """For the edge's other services: health, reflection, the clock."""
        self.stub = AggregatorServiceStub(self.channel)
        """All rpcs, typed, as generated."""
        self._streams = StreamConnections(lambda: dial(ON_ITS_OWN))
        self._timeout_s = timeout_s
        self._metadata = ((_CALLER, caller),) if caller else ()
        self._manners = Manners()
        self._closed = threading.Event()

    def recommend(self, who: Who, **wanted: Unpack[Wanted]) -> pb.RecommendResponse:
        """Ask for the next best actions; see `Wanted` for what may be said."""
        return self._call(self.stub.Recommend, recommend_request(who, **wanted))

    def track(self, *events: Event) -> pb.TrackResponse:
        """Say what happened: durable, and visible to the next call, once this returns."""
        return self._call(self.stub.Track, track_request(events))

    def view(self, who: Who, *, session_id: str = "") -> pb.GetCustomerViewResponse:
        """Get the single customer view."""
        request = pb.GetCustomerViewRequest(identities=identities(who), session_id=session_id)
        return self._call(self.stub.GetCustomerView, request)

    def watch(self, who: Who, *, resume: bool = True) -> Iterator[pb.WatchCustomerResponse]:
        """Get that view now and again whenever something happens, until the iterator is closed.

        If the edge goes away it is asked again after a pause, for as long as it takes, and answers
        the whole view with an empty `cause`: nothing is missed for good. Without `resume`, and
        where it was never answered, the failure is raised as CallError.
        """
        request = pb.WatchCustomerRequest(identities=identities(who))
        resuming = Resuming(wanted=resume)
        with self._streams.lent() as channel:
            while True:
                failed: CallError | None = None
                stream = AggregatorServiceStub(channel).WatchCustomer(
                    request, metadata=self._metadata
                )
                try:
                    for response in stream:
                        resuming.seen()
                        yield response
                except grpc.RpcError as error:
                    failed = call_error(error)
                finally:
                    stream.cancel()
                pause_s = resuming.pause_s(failed)
                if pause_s is None or self._closed.wait(pause_s):
                    break
        if failed is not None:
            raise failed

    def explain(self, decision_id: str) -> pb.ExplainDecisionResponse:
        """Get the trace of a decision."""
        request = pb.ExplainDecisionRequest(decision_id=decision_id)
        return self._call(self.stub.ExplainDecision, request)

    def _call(self, rpc: Callable[..., Response], request: Any) -> Response:
        attempts = _attempts(self._manners, request, self._timeout_s)
        while True:
            timeout_s = attempts.next_timeout_s()
            try:
                response = rpc(request, timeout=timeout_s, metadata=self._metadata)
            except grpc.RpcError as error:
                failed = call_error(error)
                pause_s = attempts.pause_s(failed)
                if pause_s is None:
                    raise failed from None
                time.sleep(pause_s)
            else:
                attempts.answered()
                return response

    def close(self) -> None:
        """End the connections, and whatever is watched."""
        self._closed.set()
        for channel in (self.channel, *self._streams.channels):
            channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncTouchpoint:
    """The edge, async: as Touchpoint, in one event loop."""

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout_s: float | None = None,
        caller: str = "",
        key: str = "",
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        """Take `host:port` and, where the edge is closed, a key or token and its TLS.

        A name of several edges (DNS) or a list (`ipv4:10.0.0.1:7400,10.0.0.2:7400`) is asked in
        turn, without those that are being stopped. `caller` names the calling system in the logs
        and rights of an edge that is open; a key has a name of its own.
        `grpc.ssl_channel_credentials()` is TLS by the system's authorities.
        """

        def dial(*more: tuple[str, str | int]) -> grpc.aio.Channel:
            channel = (
                grpc.aio.insecure_channel(address, options=(*_options(), *more))
                if credentials is None
                else grpc.aio.secure_channel(address, credentials, options=(*_options(), *more))
            )
            return BearingChannel(channel, key) if key else channel

        self.channel = dial()
        """For the edge's other services: health, reflection, the clock."""
        self.stub = AggregatorServiceStub(self.channel)
        """All rpcs, typed, as generated."""
        self._streams = StreamConnections(lambda: dial(ON_ITS_OWN))
        self._timeout_s = timeout_s
        self._metadata = ((_CALLER, caller),) if caller else ()
        self._manners = Manners()
        self._closed = asyncio.Event()

    async def recommend(self, who: Who, **wanted: Unpack[Wanted]) -> pb.RecommendResponse:
        """Ask for the next best actions; see `Wanted` for what may be said."""
        return await self._call(self.stub.Recommend, recommend_request(who, **wanted))

    async def track(self, *events: Event) -> pb.TrackResponse:
        """Say what happened: durable, and visible to the next call, once this returns."""
        return await self._call(self.stub.Track, track_request(events))

    async def view(self, who: Who, *, session_id: str = "") -> pb.GetCustomerViewResponse:
        """Get the single customer view."""
        request = pb.GetCustomerViewRequest(identities=identities(who), session_id=session_id)
        return await self._call(self.stub.GetCustomerView, request)

    async def watch(
        self, who: Who, *, resume: bool = True
    ) -> AsyncIterator[pb.WatchCustomerResponse]:
        """Get that view now and again whenever something happens, until the iterator is closed.

        If the edge goes away it is asked again after a pause, for as long as it takes, and answers
        the whole view with an empty `cause`: nothing is missed for good. Without `resume`, and
        where it was never answered, the failure is raised as CallError.
        """
        request = pb.WatchCustomerRequest(identities=identities(who))
        resuming = Resuming(wanted=resume)
        with self._streams.lent() as channel:
            while True:
                failed: CallError | None = None
                stream = AggregatorServiceStub(channel).WatchCustomer(
                    request, metadata=self._metadata
                )
                try:
                    async for response in stream:
                        resuming.seen()
                        yield response
                except grpc.aio.AioRpcError as error:
                    failed = call_error(error)
                finally:
                    stream.cancel()
                pause_s = resuming.pause_s(failed)
                if pause_s is None or await self._closed_within(pause_s):
                    break
        if failed is not None:
            raise failed

    async def _closed_within(self, pause_s: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closed.wait(), pause_s)
        return self._closed.is_set()

    async def explain(self, decision_id: str) -> pb.ExplainDecisionResponse:
        """Get the trace of a decision."""
        request = pb.ExplainDecisionRequest(decision_id=decision_id)
        return await self._call(self.stub.ExplainDecision, request)

    async def _call(self, rpc: Callable[..., Awaitable[Response]], request: Any) -> Response:
        attempts = _attempts(self._manners, request, self._timeout_s)
        while True:
            timeout_s = attempts.next_timeout_s()
            try:
                response = await rpc(request, timeout=timeout_s, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                failed = call_error(error)
                pause_s = attempts.pause_s(failed)
                if pause_s is None:
                    raise failed from None
                await asyncio.sleep(pause_s)
            else:
                attempts.answered()
                return response

    async def close(self) -> None:
        """End the connections, and whatever is watched."""
        self._closed.set()
        for channel in (self.channel, *self._streams.channels):
            await channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _attempts(manners: Manners, request: Any, timeout_s: float | None) -> Attempts:
    """Begin a call: the edge admits by rpc and, where there is one, by channel.

    A decision stands for its session, a view and a trace only read, and an event is taken once by
    its id; without one it would be taken twice.
    """
    channel, idempotent = 0, True
    if isinstance(request, pb.RecommendRequest):
        channel = request.channel
    elif isinstance(request, pb.TrackRequest):
        channel = request.events[0].channel if request.events else 0
        idempotent = all(event.event_id for event in request.events)
    return Attempts(manners, (type(request), channel), timeout_s, idempotent=idempotent)
