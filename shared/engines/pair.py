"""Both engines as the suite needs them: the addresses given to it, or embedded ones."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.engines.nats import NatsEngine
from shared.engines.postgres import PostgresEngine

POSTGRES_SETTING = "TOUCHPOINT_POSTGRES_URL"
NATS_SETTING = "TOUCHPOINT_NATS_URL"


@dataclass(frozen=True, slots=True)
class EngineUrls:
    """Where the engines are, with credentials."""

    postgres: str = field(repr=False)
    nats: str = field(repr=False)


@contextlib.asynccontextmanager
async def engines(home: Path, environ: Mapping[str, str] = os.environ) -> AsyncIterator[EngineUrls]:
    """Give the addresses named in the environment; start an embedded engine for each not named."""
    async with contextlib.AsyncExitStack() as stack:
        starting = {}
        given = {"postgres": environ.get(POSTGRES_SETTING), "nats": environ.get(NATS_SETTING)}
        for name, engine in (("postgres", PostgresEngine), ("nats", NatsEngine)):
            if not given[name]:
                embedded = engine(home, environ)
                stack.push_async_callback(embedded.stop)
                starting[name] = embedded.start()
        started = await asyncio.gather(*starting.values(), return_exceptions=True)
        for outcome in started:
            if isinstance(outcome, BaseException):
                raise outcome
        found = given | dict(zip(starting, started, strict=True))
        yield EngineUrls(postgres=str(found["postgres"]), nats=str(found["nats"]))
