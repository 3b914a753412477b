"""Channels that show a key or a token with every call, whoever makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio


def _shown(key: str) -> tuple[str, str]:
    return ("authorization", f"Bearer {key}")


class BearingChannel(grpc.aio.Channel):
    """Another channel, with one more piece of metadata on every call.

    An interceptor would do the same with a task per call.
    """

    def __init__(self, channel: grpc.aio.Channel, key: str) -> None:
        self._channel = channel
        self._shown = (_shown(key),)

    def _bearing(self, kind: str, *arguments: Any, **options: Any) -> Any:
        made = getattr(self._channel, kind)(*arguments, **options)
        shown = self._shown

        def start(request: Any = None, *, metadata: Any = None, **said: Any) -> Any:
            return made(request, metadata=(*(metadata or ()), *shown), **said)

        return start

    def unary_unary(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a single-answer rpc."""
        return self._bearing("unary_unary", *arguments, **options)

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a server-streaming rpc."""
        return self._bearing("unary_stream", *arguments, **options)

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a client-streaming rpc."""
        return self._bearing("stream_unary", *arguments, **options)

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a rpc that streams both ways."""
        return self._bearing("stream_stream", *arguments, **options)

    async def close(self, grace: float | None = None) -> None:
        """Close the channel beneath."""
        await self._channel.close(grace)

    async def __aenter__(self) -> BearingChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Say how the channel beneath is."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait for the channel beneath."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until there is something to call."""
        await self._channel.channel_ready()


def bearing(channel: grpc.Channel, key: str) -> grpc.Channel:
    """Return a blocking channel that shows a key."""
    return grpc.intercept_channel(channel, _Showing(key))


class _Showing(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, key: str) -> None:
        self._shown = _shown(key)

    def _with_key(self, going_on: Callable[..., Any], details: Any, request: Any) -> Any:
        metadata = [*(details.metadata or ()), self._shown]
        return going_on(details._replace(metadata=metadata), request)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """Show the key with a call of one answer."""
        return self._with_key(continuation, details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """Show the key with a call that streams."""
        return self._with_key(continuation, details, request)
