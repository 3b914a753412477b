"""Journeys by the hundred thousand in a database of their own, and a worker that brings them on."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.scenario.definitions import Playbook, playbook
from services.scenario.domain.ports import Claim
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.timers import Timers
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.definitions import BundleFollower
from shared.logging import configure
from shared.postgres import Database, Limits, migrate, open_database
from shared.postgres.pool_sizes import CONNECTIONS
from shared.postgres.provision import provision
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1 import rules_pb2 as pb

START_US = 1_772_452_800_000_000
LEASE_S = 3.0
_OFFER_NO, _OFFER = 1, "come_back"
_SLICE = 50_000
_PATIENT = Limits(command_s=1200.0, statement_s=1200.0, lock_s=10.0)
"""For writing the journeys; the worker has the limits of the service."""
_WRITE = """
INSERT INTO journeys (journey_id, person_id, scenario, definition, phase, version, started_us,
    due_us, stage, entered_us, until_us, occurrence)
SELECT 'journey-' || number, 'person-' || number, 'bench', $1, 2, 2, $2, $3 + number * $4, 0, $2,
    $3 + number * $4, 1
FROM generate_series($5::bigint, $6::bigint) AS number
"""
DONE = "SELECT count(*) FROM journeys WHERE occurrence = 3"
EFFECTS = "SELECT count(*) FROM effects"
MESSAGES = "SELECT count(*) FROM errands"


def bundle() -> pb.Bundle:
    """Return a scenario that waits, and then mails somebody and proposes an offer on the site."""
    made = pb.Bundle()
    made.offers.add(offer_id=_OFFER)
    scenario = made.scenarios.add(scenario="bench", starts_on=["view"], goals=["purchase"])
    scenario.stages.add(stage="waiting").lasts.FromSeconds(3600)
    mail = scenario.stages.add(stage="mail")
    mail.send.template, mail.send.placement, mail.send.limit = "come_back", "email.body", 3
    mail.send.channels.append(Channel.EMAIL)
    site = scenario.stages.add(stage="site")
    site.propose.offer = _OFFER
    site.propose.placements.extend(["web.home.banner", "web.cart"])
    site.lasts.FromSeconds(2 * 86_400)
    return made


class OneBundle:
    """In place of the definitions that a service follows."""

    def __init__(self) -> None:
        self._active = playbook(bundle())

    def for_person(self, oldest_person_id: str) -> Playbook:
        return self._active


@dataclass
class TimedClaims:
    """A store that notes how long each claim took."""

    store: PostgresJourneys
    took_ms: list[float] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)

    async def claim(self, owner: str, now_us: int, lease_s: float, limit: int) -> list[Claim]:
        began = time.perf_counter()
        claims = await self.store.claim(owner, now_us, lease_s, limit)
        if claims:
            self.took_ms.append((time.perf_counter() - began) * 1000)
        return claims


@dataclass
class TimersScene:
    """A worker before its journeys."""

    database: Database
    writing: Database
    clock: FakeClock
    claims: TimedClaims
    worker: Timers

    async def pending(self, number: int, apart_us: int) -> None:
        """Replace all journeys by as many, that fall due so far apart from `START_US` on."""
        await self.writing.execute("TRUNCATE journeys, effects, tasks, errands, outbox CASCADE")
        definition = bundle().scenarios[0].SerializeToString(deterministic=True)
        for first in range(0, number, _SLICE):
            last = min(first + _SLICE, number) - 1
            await self.writing.execute(
                _WRITE, definition, START_US - 3_600_000_000, START_US, apart_us, first, last
            )
        await self.writing.execute("VACUUM ANALYZE journeys")
        self.clock = FakeClock(from_us(START_US))
        self.worker = _worker(self.claims, self.clock)

    async def forward(self, us: int) -> int:
        """Let time pass, and what falls due be brought forward; returns how many."""
        self.clock.advance(from_us(us) - from_us(0))
        return await self.worker.work_through()


def catalogue() -> Catalogue:
    made = Catalogue()
    row = CatalogueRow(
        offer_no=_OFFER_NO,
        offer_id=_OFFER,
        kind=OfferKind.PROMOTION,
        is_defined=True,
        is_journey_only=True,
    )
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=[row]))
    return made


@asynccontextmanager
async def timers_scene(
    admin_url: str, home: Path, password_of: Callable[[str], str]
) -> AsyncIterator[TimersScene]:
    """Make a database on a server, with the schema of scenario, and drop it afterwards.

    Roles are the server's: the password must be the one that its services bring.
    """
    logs = (home / "bench-timers.log").open("w", encoding="utf-8")
    configure("bench", stream=logs)  # each timer is a line, as in the service
    name = f"bench_timers_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(admin_url)
    await admin.execute(f'CREATE DATABASE "{name}"')
    try:
        url = urlunsplit(urlsplit(admin_url)._replace(path=f"/{name}"))
        roles = await provision(url, password_of, development=True, services=("scenario",))
        async with (
            open_database(
                roles["scenario"], application="scenario", connections=CONNECTIONS["scenario"]
            ) as database,
            open_database(
                roles["scenario"], application="scenario", connections=1, limits=_PATIENT
            ) as writing,
        ):
            await migrate(database, MIGRATIONS)
            yield _scene(database, writing, home)
    finally:
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()
        configure("bench")
        logs.close()


def _scene(database: Database, writing: Database, home: Path) -> TimersScene:
    clock = FakeClock(from_us(START_US))
    keys = FolderWrappingKeys(home / "secrets" / "bench-timers")
    claims = TimedClaims(PostgresJourneys(database, Notes(keys)))
    return TimersScene(database, writing, clock, claims, _worker(claims, clock))


def _worker(claims: TimedClaims, clock: FakeClock) -> Timers:
    followed = cast("BundleFollower[Playbook]", OneBundle())
    nobody: Any = None  # is asked: what decides is all in memory
    finder = Finder(catalogue(), followed, nobody, clock, nobody)
    return Timers(claims, finder, clock, owner="bench", lease_s=LEASE_S)  # type: ignore[arg-type]
