"""How the data plane is opened in a real process; tests hand `hosted` other openers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from shared.bus import Bus, open_bus
from shared.clock import BusinessClock
from shared.config import ServiceSettings
from shared.postgres import Database, open_database
from shared.postgres.clock import open_clock
from shared.postgres.pool_sizes import CONNECTIONS
from shared.runtime import Openers
from shared.setting_types import Mode


def _database(settings: ServiceSettings) -> AbstractAsyncContextManager[Database]:
    return open_database(
        settings.postgres_url,
        application=settings.service,
        connections=CONNECTIONS[settings.service],
    )


def _bus(settings: ServiceSettings) -> AbstractAsyncContextManager[Bus]:
    return open_bus(settings.nats_url, name=settings.service)


def _clock(
    settings: ServiceSettings, database: Database, bus: Bus
) -> AbstractAsyncContextManager[BusinessClock]:
    return open_clock(database, development=settings.mode is Mode.DEVELOPMENT, bus=bus)


OPENERS = Openers(_database, _bus, _clock)
