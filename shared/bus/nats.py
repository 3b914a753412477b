"""The bus kept by NATS JetStream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError
from nats.js.manager import JetStreamManager

from shared.bus.message import Publication
from shared.bus.nats_publisher import NatsPublisher
from shared.bus.nats_subscription import NatsSubscription
from shared.bus.port import Notice, StreamState, Subscription
from shared.bus.subjects import STREAMS, Stream
from shared.clock import to_us
from shared.errors import Unavailable
from shared.logging import get_logger

_CONNECT_S = 2
_RECONNECT_PAUSE_S = 0.1
_PING_EVERY_S = 2
_REQUEST_S = 2.0
_DUPLICATE_WINDOW_S = 120.0
_FAILURES = (NatsError, OSError, TimeoutError)
log = get_logger(__name__)


@asynccontextmanager
async def open_bus(url: str, *, name: str, replicas: int = 1) -> AsyncIterator[NatsBus]:
    """Connect to NATS, several servers comma separated, and make sure that the streams are there.

    Raises `Unavailable` when no server answers; later losses are mended for ever. `replicas` is how
    many servers of a cluster keep each stream.
    """
    bus, client = NatsBus(), Client()
    await _connect(client, url, name, bus)
    try:
        await bus.use(client, replicas)
        yield bus
    finally:
        await client.close()


async def _connect(client: Client, url: str, name: str, bus: NatsBus) -> None:
    try:
        # The driver tries the first connection as often as later ones, which is for ever.
        async with asyncio.timeout(_CONNECT_S):
            await client.connect(
                servers=url.split(","),
                name=f"touchpoint-{name}",
                connect_timeout=_CONNECT_S,
                max_reconnect_attempts=-1,
                # Typed as whole seconds, used as a float.
                reconnect_time_wait=_RECONNECT_PAUSE_S,  # type: ignore[arg-type]
                ping_interval=_PING_EVERY_S,
                max_outstanding_pings=2,
                error_cb=_log_error,
                disconnected_cb=_log_disconnect,
                reconnected_cb=bus.reconnected,
            )
    except _FAILURES as error:
        await client.close()
        raise Unavailable("the bus cannot be reached", reason="BUS_UNAVAILABLE") from error


class NatsBus:
    """JetStream streams read by pull consumers whose place the reader keeps; see `Bus`."""

    _client: Client
    _streams: JetStreamManager
    _publisher: NatsPublisher

    def __init__(self) -> None:
        self._reconnect_callbacks: list[Callable[[], None]] = []

    async def use(self, client: Client, replicas: int) -> None:
        """Take over a connection; `Unavailable` when JetStream does not answer."""
        self._client = client
        self._streams = JetStreamManager(client, timeout=_REQUEST_S)
        self._publisher = await NatsPublisher.on(client)
        for stream in STREAMS:
            await self._ensure(stream, replicas)

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Send pipelined and wait for every acknowledgement."""
        try:
            await self._publisher.publish(publications)
        except _FAILURES as error:
            raise Unavailable("the bus did not answer", reason="BUS_UNAVAILABLE") from error

    async def follow(
        self, stream: Stream, name: str, after: int, subjects: Sequence[str] = ()
    ) -> Subscription:
        """Make a pull consumer that acknowledges nothing and begins after `after`."""
        try:
            subscription = await NatsSubscription.make(
                self._client, self._streams, stream, name, after, subjects
            )
        except _FAILURES as error:
            raise Unavailable("the bus did not answer", reason="BUS_UNAVAILABLE") from error
        self._reconnect_callbacks.append(subscription.mark_broken)
        subscription.when_closed(lambda: self._reconnect_callbacks.remove(subscription.mark_broken))
        return subscription

    async def state(self, stream: Stream) -> StreamState:
        try:
            info = await self._streams.stream_info(stream.name)
        except _FAILURES as error:
            raise Unavailable("the bus did not answer", reason="BUS_UNAVAILABLE") from error
        first = info.state.first_seq if info.state.messages else info.state.last_seq + 1
        return StreamState(max(first, 1), info.state.last_seq, _created_us(info.created))

    async def notify(self, subject: str, data: bytes = b"") -> None:
        try:
            await self._client.publish(subject, data)
        except _FAILURES as error:
            raise Unavailable("the bus cannot be reached", reason="BUS_UNAVAILABLE") from error

    async def on_notice(self, subject: str, notice: Notice) -> None:
        async def deliver(message: Msg) -> None:
            notice(message.data)

        await self._client.subscribe(subject, cb=deliver)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._reconnect_callbacks.append(callback)

    @property
    def connected(self) -> bool:
        return self._client.is_connected

    async def reconnected(self) -> None:
        """Tell everybody who asked; called by the driver."""
        log.info("bus_reconnected")
        for callback in tuple(self._reconnect_callbacks):
            callback()

    async def _ensure(self, stream: Stream, replicas: int) -> None:
        config = StreamConfig(
            name=stream.name,
            subjects=list(stream.subjects),
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=stream.max_age_s,
            max_bytes=stream.max_bytes,
            duplicate_window=_DUPLICATE_WINDOW_S,
            num_replicas=replicas,
        )
        try:
            try:
                # Asked first: adding one that is there already must find its room a second time.
                await self._streams.stream_info(stream.name)
            except NotFoundError:
                await self._add(config)
            else:
                await self._streams.update_stream(config)
        except _FAILURES as error:
            raise Unavailable("JetStream did not answer", reason="BUS_UNAVAILABLE") from error

    async def _add(self, config: StreamConfig) -> None:
        try:
            await self._streams.add_stream(config)
        except BadRequestError:
            # Another service has added it in the meantime, perhaps as an earlier version.
            await self._streams.update_stream(config)


async def _log_error(error: Exception) -> None:
    # One per attempt to connect again: the outage itself is logged once.
    log.debug("bus_error", error=type(error).__name__)


async def _log_disconnect() -> None:
    log.warning("bus_disconnected")


def _created_us(created: datetime | None) -> int:
    return 0 if created is None else to_us(created)
