"""Opens a span around every rpc, for whichever tracer is given."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing

from google.protobuf.message import Message

from shared.call import Call, Handler, StreamHandler

Span = Callable[[Call], AbstractContextManager[object]]
"""Opens the span of a call, whose `traceparent` is in its metadata."""


class Tracing:
    """Runs each rpc within its span."""

    def __init__(self, span: Span) -> None:
        self._span = span

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc within its span."""
        with self._span(call):
            return await following(call, request)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream within its span."""
        with self._span(call):
            async with aclosing(following(call, request)) as responses:
                async for response in responses:
                    yield response
