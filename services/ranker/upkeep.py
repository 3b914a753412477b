"""What runs beside the requests: making room, forgetting, giving up on what comes too late."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from services.ranker.definitions import RankingDefinitions
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.rankings import make_days
from shared.bus import EffectConsumer
from shared.catalogue.follower import CatalogueFollower
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from shared.postgres import Database
from shared.service import Background

_DAY_US = 86_400_000_000
_FORGET_EVERY_S = 3600.0
_MAKE_EVERY_S = 60.0
_PARK_EVERY_S = 5.0


async def loaded(catalogue: CatalogueFollower, bundles: BundleFollower[RankingDefinitions]) -> None:
    """Return once there is all that answers are judged by."""
    await catalogue.ready()
    await bundles.ready()


def after(loaded: Background, consumer: EffectConsumer) -> Background:
    async def consume() -> None:
        await loaded()
        await consumer.run()

    return consume


def parking(log: PostgresLearningLog, clock: BusinessClock, patience_s: float) -> Background:
    async def park_for_ever() -> None:
        while True:
            await log.park_late(clock.now_us(), patience_s)
            await asyncio.sleep(_PARK_EVERY_S)

    return park_for_ever


def make_days_ahead(database: Database, clock: BusinessClock) -> Background:
    """Make the tables of the days to come, also when the clock was moved."""

    async def make_for_ever() -> None:
        while True:
            await make_days(database, clock.now_us())
            await asyncio.sleep(_MAKE_EVERY_S)

    return make_for_ever


def forgetting(
    forget_before: Callable[[int], Awaitable[object]], clock: BusinessClock, days: int
) -> Background:
    async def forget_for_ever() -> None:
        while True:
            await forget_before(clock.now_us() - days * _DAY_US)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever


def retention(
    journal: PostgresJournal, log: PostgresLearningLog, clock: BusinessClock, days: int
) -> Background:
    async def forget_for_ever() -> None:
        while True:
            oldest_us = clock.now_us() - days * _DAY_US
            await journal.forget_before(oldest_us)
            await log.forget_before(oldest_us)
            await asyncio.sleep(_FORGET_EVERY_S)

    return forget_for_ever
