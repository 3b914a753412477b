"""How soon the telephony hears of whoever asks to be called, from the event to the webhook."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.timers import CHANGES, apply_changed
from bench.scale import Scale
from cli.load.outcome import percentile
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

OFFER = "call-adviser"
"""The story shop's offer of type `click_to_call`."""
PATIENCE_S = 10.0
_CALLS = 100
"""Of a round, one after another."""
_ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(slots=True)
class Telephone:
    """Takes call-backs; says when each came."""

    rung: asyncio.Queue[float] = field(default_factory=asyncio.Queue)

    @asynccontextmanager
    async def listening(self, at: socket.socket) -> AsyncIterator[None]:
        """Take what is posted to a socket that listens."""
        server = await asyncio.start_server(self._answer, sock=at.dup())
        try:
            yield
        finally:
            server.close()
            await server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.rung.put_nowait(time.perf_counter())
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    async def next(self) -> float:
        """Return when the next one came; raises MeasurementError where none does."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.rung.get()
        except TimeoutError:
            raise MeasurementError(f"the telephony heard nothing for {PATIENCE_S:g} s") from None


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Accept the click-to-call of the shop as people never seen before, one after another.

    From before the event is sent to the edge until the head of the webhook is read.
    """
    rounds, telephone = [], Telephone()
    await apply_changed(suite, CHANGES)
    try:
        async with (
            telephone.listening(suite.telephone),
            grpc.aio.insecure_channel(suite.running.edge) as channel,
        ):
            edge = AggregatorServiceStub(channel)
            for number in range(scale.rounds):
                tell(f"calls that are asked for, round {number + 1} of {scale.rounds}")
                took_ms = []
                for _ in range(_CALLS):
                    began = time.perf_counter()
                    await edge.Track(TrackRequest(events=[_accepted()]), timeout=PATIENCE_S)
                    took_ms.append((await telephone.next() - began) * 1000)
                rounds.append(percentile(sorted(took_ms), 0.99))
    finally:
        await apply_changed(suite, {})
    yield [Figure.median("click_to_call_p99_ms", rounds)]


def _accepted() -> Event:
    event = Event(
        event_id=str(uuid.uuid4()),
        type="accept",
        identities=[Identity(kind="customer", value=f"caller-{uuid.uuid4()}")],
        channel=Channel.WEB,
        offer_id=OFFER,
    )
    event.time.GetCurrentTime()
    return event
