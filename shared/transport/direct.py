"""A channel that goes straight to the handlers of a service in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Sequence
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from shared.budget import Budget
from shared.call import REQUEST_ID, Call
from shared.errors import DeadlineExceeded, TouchpointError, Unavailable, Unimplemented
from shared.transport.routes import Route, Routes, StreamRoute, UnaryRoute, new_call
from shared.transport.status import STATUS_DETAILS, to_status

Metadata = Sequence[tuple[str, str | bytes]] | None


class DirectChannel(grpc.aio.Channel):
    """Quacks like grpc.aio's channel for the generated stubs; nothing is serialised.

    Messages are shared with the handler, so neither side may change one after handing it over.
    Budgets, middleware, statuses and their details are those of the wire.
    """

    def __init__(self) -> None:
        self._routes: Routes | None = None
        self._opened = asyncio.Event()

    def open(self, routes: Routes) -> None:
        """Reach these routes from now on; before, every call fails with UNAVAILABLE."""
        self._routes = routes
        self._opened.set()

    def unary_unary(self, method: str, *_: Any, **__: Any) -> Any:
        """Return the callable of a single-answer rpc."""

        def start(
            request: Message, *, timeout: float | None = None, metadata: Metadata = None, **_: Any
        ) -> DirectUnaryCall:
            call = _call(method, timeout, metadata, streaming=False)
            return DirectUnaryCall(self._answer(call, request), call)

        return start

    def unary_stream(self, method: str, *_: Any, **__: Any) -> Any:
        """Return the callable of a server-streaming rpc."""

        def start(
            request: Message, *, timeout: float | None = None, metadata: Metadata = None, **_: Any
        ) -> DirectStreamCall:
            call = _call(method, timeout, metadata, streaming=True)
            return DirectStreamCall(self._messages(call, request), call)

        return start

    def stream_unary(self, method: str, *_: Any, **__: Any) -> Any:
        """Refuse: nobody binds this kind of rpc."""
        raise NotImplementedError(f"{method}: client streaming is not supported")

    stream_stream = stream_unary

    async def _answer(self, call: Call, request: Message) -> Message:
        route = self._route(call.method)
        if not isinstance(route, UnaryRoute):
            raise Unimplemented(f"{call.method} is a stream")
        return await route.handle(call, request)

    async def _messages(self, call: Call, request: Message) -> AsyncGenerator[Message, None]:
        route = self._route(call.method)
        if not isinstance(route, StreamRoute):
            raise Unimplemented(f"{call.method} is no stream")
        async for response in route.handle(call, request):
            yield response

    def _route(self, method: str) -> Route:
        if self._routes is None:
            raise Unavailable("the service is starting", reason="STARTING")
        if method not in self._routes:
            raise Unimplemented(f"there is no {method}")
        return self._routes[method]

    async def close(self, grace: float | None = None) -> None:
        """Do nothing: the handlers belong to the service."""

    async def __aenter__(self) -> DirectChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Say READY once there is something to call."""
        opened = self._routes is not None
        return grpc.ChannelConnectivity.READY if opened else grpc.ChannelConnectivity.CONNECTING

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state differs from the one seen last; READY never ends."""
        if last_observed_state is grpc.ChannelConnectivity.READY:
            await asyncio.Event().wait()
        await self._opened.wait()

    async def channel_ready(self) -> None:
        """Wait until there is something to call."""
        await self._opened.wait()


def _call(method: str, timeout_s: float | None, metadata: Metadata, *, streaming: bool) -> Call:
    pairs = {key: value for key, value in metadata or () if isinstance(value, str)}
    budget = None if timeout_s is None else Budget.of(timeout_s)
    return new_call(method, pairs, budget, streaming=streaming)


class DirectUnaryCall:
    """One call under way: a task of its own, ended at its deadline as a server would end it."""

    def __init__(self, answer: Any, call: Call) -> None:
        loop = asyncio.get_running_loop()
        self._call = call
        self._task: asyncio.Task[Message] = loop.create_task(answer)
        self._expired = False
        self._alarm = call.budget and loop.call_later(call.budget.remaining_s(), self._expire)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Message]) -> None:
        if self._alarm:
            self._alarm.cancel()
        if not task.cancelled():
            task.exception()  # seen, also where the caller no longer waits for it

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __await__(self) -> Generator[Any, None, Message]:
        try:
            return (yield from self._task.__await__())
        except TouchpointError as error:
            raise rpc_error(error, self._call) from None
        except asyncio.CancelledError:
            if not self._expired:
                self._task.cancel()
                raise
            late = DeadlineExceeded("Deadline Exceeded")
            raise rpc_error(late, self._call) from None

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call back when the answer or the failure is there."""
        self._task.add_done_callback(lambda _: callback(self))

    def cancel(self) -> bool:
        """End the call; awaiting it then raises CancelledError."""
        return self._task.cancel()

    def cancelled(self) -> bool:
        """Say whether the call was ended by its caller."""
        return self._task.cancelled() and not self._expired

    def done(self) -> bool:
        """Say whether the call is over."""
        return self._task.done()

    async def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
        """Return the request id where the caller gave none, as the wire does."""
        if self._call.metadata.get(REQUEST_ID) == self._call.request_id:
            return ()
        return ((REQUEST_ID, self._call.request_id),)


class DirectStreamCall:
    """One stream under way."""

    def __init__(self, messages: AsyncGenerator[Message, None], call: Call) -> None:
        self._call = call
        self._messages = messages
        self._cancelled = False

    async def __aiter__(self) -> AsyncIterator[Message]:
        """Iterate over the answers; raises AioRpcError like the wire."""
        try:
            while not self._cancelled:
                yield await self._following()
        except StopAsyncIteration:
            return
        except TouchpointError as error:
            raise rpc_error(error, self._call) from None
        except TimeoutError:
            late = DeadlineExceeded("Deadline Exceeded")
            raise rpc_error(late, self._call) from None
        finally:
            await self._messages.aclose()

    async def _following(self) -> Message:
        budget = self._call.budget
        async with asyncio.timeout(None if budget is None else budget.remaining_s()):
            return await anext(self._messages)

    def cancel(self) -> bool:
        """End the stream; nothing more is read from it."""
        first, self._cancelled = not self._cancelled, True
        return first


def rpc_error(error: TouchpointError, call: Call) -> grpc.aio.AioRpcError:
    """Return what a stub on the wire would raise for this error."""
    status = to_status(error, call.request_id)
    code = next(code for code in grpc.StatusCode if code.value[0] == status.code)
    trailing = grpc.aio.Metadata(
        (REQUEST_ID, call.request_id), (STATUS_DETAILS, status.SerializeToString())
    )
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, details=status.message)
