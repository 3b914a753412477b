"""How far each service is behind the bus."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence

import nats
from nats.errors import Error as NatsError
from nats.js.manager import JetStreamManager

from cli.suite.home import Home
from cli.suite.topology import SERVICES
from shared.bus import STREAMS
from shared.engines.home import EngineHome
from shared.engines.nats import USER
from shared.engines.pair import NATS_SETTING

_ANSWER_S = 2.0


async def messages_behind(home: Home, environ: Mapping[str, str] = os.environ) -> dict[str, int]:
    """Return for each service how many messages its consumers have not read; empty if unknown."""
    url = environ.get(NATS_SETTING) or _embedded(home)
    try:
        async with asyncio.timeout(_ANSWER_S):
            client = await nats.connect(url, allow_reconnect=False, connect_timeout=1)
            try:
                manager = JetStreamManager(client, timeout=_ANSWER_S)
                behind = [await manager.consumers_info(stream.name) for stream in STREAMS]
            finally:
                await client.close()
    except (NatsError, OSError, TimeoutError):
        return {}
    return _by_service([consumer for stream in behind for consumer in stream])


def _by_service(consumers: Sequence[object]) -> dict[str, int]:
    """Add up by the service that each consumer's name begins with."""
    found = Counter(dict.fromkeys(SERVICES, 0))
    for consumer in consumers:
        service = str(getattr(consumer, "name", "")).partition("_")[0]
        if service in found:
            found[service] += getattr(consumer, "num_pending", 0) or 0
    return dict(found)


def _embedded(home: Home) -> str:
    engine = EngineHome(home.path, "nats")
    return f"nats://{USER}:{engine.password()}@127.0.0.1:{engine.last_port()}"
