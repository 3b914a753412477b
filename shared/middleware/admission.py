"""Completes requests by what is known of their callers, and keeps back what is not theirs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from google.protobuf.message import Message

from shared.call import Call, Handler, StreamHandler


class Admits(Protocol):
    """What a service holds its callers to beyond their scopes."""

    def request(self, call: Call, request: Message) -> Message:
        """Return what is to be handled; raises TouchpointError for what is not the caller's.

        The request is never changed: where something is to be added a copy is returned.
        """

    def response(self, call: Call, response: Message) -> Message:
        """Return of an answer what the caller may have."""


class Admission:
    """Applies what a service demands to its rpcs."""

    def __init__(self, admits: Admits) -> None:
        self._admits = admits

    async def unary(self, call: Call, request: Message, following: Handler) -> Message:
        """Handle one rpc."""
        response = await following(call, self._admits.request(call, request))
        return self._admits.response(call, response)

    async def stream(
        self, call: Call, request: Message, following: StreamHandler
    ) -> AsyncGenerator[Message, None]:
        """Handle one stream."""
        admitted = self._admits.request(call, request)
        async with aclosing(following(call, admitted)) as responses:
            async for response in responses:
                yield self._admits.response(call, response)
