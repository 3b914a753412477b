"""Layers of middleware composed around a handler once, when a service is registered."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from google.protobuf.message import Message

from shared.call import Call, Handler, Middleware, StreamHandler, StreamMiddleware


class Concern(Protocol):
    """One thing done around every rpc, for single answers and for streams."""

    async def unary(self, call: Call, request: Message, following: Handler) -> Message: ...

    def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]: ...


@dataclass(frozen=True, slots=True)
class Layer:
    """A concern at its place, with the reason for the place."""

    concern: Concern
    why_here: str


def around(layers: Sequence[Layer], handler: Handler) -> Handler:
    """Return the handler with every layer around it, the first one outermost."""
    for layer in reversed(layers):
        handler = _enter(layer.concern.unary, handler)
    return handler


def around_stream(layers: Sequence[Layer], handler: StreamHandler) -> StreamHandler:
    """Return the stream handler with every layer around it, the first one outermost."""
    for layer in reversed(layers):
        handler = _enter_stream(layer.concern.stream, handler)
    return handler


def _enter(middleware: Middleware, following: Handler) -> Handler:
    def handle(call: Call, request: Message) -> Awaitable[Message]:
        return middleware(call, request, following)

    return handle


def _enter_stream(middleware: StreamMiddleware, following: StreamHandler) -> StreamHandler:
    def handle(call: Call, request: Message) -> AsyncGenerator[Message, None]:
        return middleware(call, request, following)

    return handle
