"""The composition root of the scenario service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from services.scenario.config import ScenarioSettings
from services.scenario.parts import Parts
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.catching_up import CatchingUp
from services.scenario.storage.notes import NoteKeys
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.bus.subjects import CLOCK_MOVED
from shared.postgres import migrate
from shared.service import Background, HealthCheck, Runtime, Service
from touchpoint.scenario.v1.scenario_service_pb2 import DESCRIPTOR

_DAY_US = 86_400_000_000
_FORGET_EVERY_S = 3600.0
_MARK_DAYS = 2
"""Longer than word of a link can be late."""
_TALLY_DAYS = 401
"""Longer than any scenario counts back."""


@asynccontextmanager
async def open_service(settings: ScenarioSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema, its definitions, the catalogue and profile."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    bus = await runtime.bus()
    parts = Parts(settings, runtime, database, bus)
    await bus.on_notice(CLOCK_MOVED, lambda _: parts.timers.clock_moved())
    contract = DESCRIPTOR.services_by_name["ScenarioService"]
    yield Service(
        name=settings.service,
        bindings=(bind(contract, parts.servicer(), validators=VALIDATORS),),
        checks=_checks(parts),
        watched=_watched(parts),
        background=_background(parts, settings),
        answers_without_postgres=True,
    )


def _checks(parts: Parts) -> dict[str, HealthCheck]:
    return {
        "catalogue": parts.models.catalogue.check_ready,
        "definitions": parts.models.bundles.check,
        "journeys": parts.models.journeys.check_ready,
    }


def _watched(parts: Parts) -> dict[str, HealthCheck]:
    return {
        "catalogue_lag": parts.models.catalogue.check_lag,
        "journeys_lag": parts.models.journeys.check_lag,
        "relay": parts.relay.check_lag,
        **{name: consumer.check_lag for name, consumer in parts.consumers.items()},
    }


def _background(parts: Parts, settings: ScenarioSettings) -> dict[str, Background]:
    return {
        "catalogue": parts.models.catalogue.run,
        "definitions": parts.models.bundles.run,
        "journeys": parts.models.journeys.run,
        "relay": parts.relay.run,
        **{name: consumer.run for name, consumer in parts.consumers.items()},
        "events": partial(_hear, parts),
        "timers": partial(_work, parts),
        "errands": partial(_do_errands, parts),
        "obstacles": parts.obstacles.run,
        "free_agents": parts.free_agents.run,
        "unevaluated": parts.unevaluated.run,
        "restocking": partial(_restock, parts),
        "taking_up": partial(_take_up, parts),
        "catching_up": CatchingUp(parts.database, parts.peers.profile, parts.clock).run,
        "key_renewal": NoteKeys(parts.database, parts.keys, parts.clock).run,
        "retention": partial(_forget_for_ever, parts, settings.journey_days),
    }


async def _hear(parts: Parts) -> None:
    """Take events, once it is known of what they are and what they begin."""
    await asyncio.gather(parts.models.catalogue.ready(), parts.models.bundles.ready())
    await parts.consumers["events"].run()


async def _restock(parts: Parts) -> None:
    """Look what is there again, once the catalogue is known."""
    await parts.models.catalogue.ready()
    await parts.restocking.run(parts.database)


async def _take_up(parts: Parts) -> None:
    """Look for people who are quiet already, once it is known whom scenarios mean."""
    await asyncio.gather(parts.models.catalogue.ready(), parts.models.bundles.ready())
    await parts.taking_up.run(parts.bus)


async def _do_errands(parts: Parts) -> None:
    """Send what is to be sent, once it is known which scenarios are in force."""
    await asyncio.gather(parts.models.catalogue.ready(), parts.models.bundles.ready())
    await parts.errands.run()


async def _work(parts: Parts) -> None:
    """Bring timers forward, once it is known what can be proposed."""
    await asyncio.gather(parts.models.catalogue.ready(), parts.models.bundles.ready())
    await parts.timers.run()


async def _forget_for_ever(parts: Parts, days: int) -> None:
    """Forget every hour what has been kept for long enough."""
    store = parts.store
    while True:
        now_us = parts.clock.now_us()
        await store.forget_over(now_us - days * _DAY_US)
        await parts.errands.forget(now_us - days * _DAY_US)
        await store.forget_marks(now_us - _MARK_DAYS * _DAY_US)
        await store.forget_tallies(now_us - _TALLY_DAYS * _DAY_US)
        await asyncio.sleep(_FORGET_EVERY_S)
