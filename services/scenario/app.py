"""The composition root of the scenario service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.scenario.config import ScenarioSettings
from services.scenario.servicer import ScenarioServicer
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.validation import VALIDATORS
from shared.binding import bind
from shared.postgres import migrate
from shared.service import Runtime, Service
from touchpoint.scenario.v1.scenario_service_pb2 import DESCRIPTOR


@asynccontextmanager
async def open_service(settings: ScenarioSettings, runtime: Runtime) -> AsyncIterator[Service]:
    """Open the service on its schema."""
    database = await runtime.postgres()
    await migrate(database, MIGRATIONS)
    servicer = ScenarioServicer(PostgresAgents(database), runtime.clock)
    contract = DESCRIPTOR.services_by_name["ScenarioService"]
    yield Service(
        name=settings.service,
        bindings=(bind(contract, servicer, validators=VALIDATORS),),
    )
