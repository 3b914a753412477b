"""A channel that goes by the socket of this machine where it may, and by gRPC where not."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any

import grpc
import grpc.aio

from shared.local.calls import Connection
from shared.transport.options import MIB

_READY = grpc.ChannelConnectivity.READY
LONGEST_S = 1.0
"""Of a frozen peer gRPC hears within a second; calls that may take longer are left to it."""
_LARGEST = MIB
"""What may be too large for the other side is left to gRPC, which says so."""
_AGAIN_S = 1.0


class LocalChannel(grpc.aio.Channel):
    """A gRPC channel to the loopback, whose short calls go by the socket beside the port.

    Whether the service is healthy is heard by gRPC: a call goes by the socket only while the
    channel is ready.
    """

    def __init__(self, channel: grpc.aio.Channel, name: str, longest_s: float = LONGEST_S) -> None:
        """Take the channel, the name of the socket, and which time-outs are short."""
        self._channel = channel
        self._name = name
        self._longest_s = longest_s
        self._connection: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._again_at = 0.0

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        **more: Any,
    ) -> Any:
        """Return the callable of a single-answer rpc."""
        by_grpc = self._channel.unary_unary(
            method, request_serializer, response_deserializer, **more
        )
        longest_s = self._longest_s

        def start(
            request: Any,
            *,
            timeout: float | None = None,
            metadata: Any = (),
            **options: Any,
        ) -> Any:
            connection = self._open_connection()
            if connection is not None and (inf if timeout is None else timeout) <= longest_s:
                data = request_serializer(request)
                if len(data) <= _LARGEST:
                    said = dict(metadata or ())
                    return connection.call(method, data, timeout, said, response_deserializer)
            return by_grpc(request, timeout=timeout, metadata=metadata, **options)

        return start

    def _open_connection(self) -> Connection | None:
        """Return the connection if there is one and the service is welcome to be called."""
        if self._channel.get_state() is not _READY:
            return None
        found = self._connection
        if found is not None and found.is_open:
            return found
        self._begin_to_connect()
        return None

    def _begin_to_connect(self) -> None:
        loop = asyncio.get_running_loop()
        if self._connecting is None and loop.time() >= self._again_at:
            self._again_at = loop.time() + _AGAIN_S
            self._connecting = loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            self._connection = await Connection.to(self._name)
        finally:
            self._connecting = None

    def unary_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a server-streaming rpc."""
        return self._channel.unary_stream(*arguments, **options)

    def stream_unary(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a client-streaming rpc."""
        return self._channel.stream_unary(*arguments, **options)

    def stream_stream(self, *arguments: Any, **options: Any) -> Any:
        """Return the callable of a rpc that streams both ways."""
        return self._channel.stream_stream(*arguments, **options)

    async def close(self, grace: float | None = None) -> None:
        """Close the channel, and the connection with it."""
        await self._channel.close(grace)
        if self._connecting is not None:
            await self._connecting
        if self._connection is not None:
            self._connection.close()

    async def __aenter__(self) -> LocalChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Say how the gRPC channel is."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait for the gRPC channel."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until the gRPC channel is ready, and the socket was tried."""
        await self._channel.channel_ready()
        self._begin_to_connect()
        if self._connecting is not None:
            await self._connecting
