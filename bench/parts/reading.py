"""How fast one profile is read where very many are stored."""

from __future__ import annotations

import asyncio
import csv
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.imports import COLUMNS, import_events
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.schedule import poisson
from shared.privacy import identity_key
from shared.setting_types import key_bytes
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

READS_PER_S = 200.0
"""More than the suite decides at its rated load; each decision reads once."""
_DAYS = 300
_READ_S = 1.0
_WARM_UP_S = 2.0
_SETTLE_S, _LONGEST_S = 60.0, 600.0
"""The other services read what came in, and tables are put in order; 20 million events take them
minutes."""
_LOOKED_S = 10.0
_AT_REST = 0.5
"""Processors in use by a suite that nobody asks: profile's own look at everybody goes on."""
_TYPES = ("purchase", "view", "view", "add_to_cart", "search")
_KIND = "customer"


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Fill the log as an import does, then read people drawn at random, open loop."""
    key = key_bytes(suite.environment("profile")["TOUCHPOINT_DEPLOYMENT_KEY"])
    async with grpc.aio.insecure_channel(suite.running.grpc["profile"][0]) as channel:
        profile = ProfileServiceStub(channel)
        tell(f"storing {scale.stored_profiles * scale.stored_each:,} events of different people")
        file = suite.running.home / "bench-stored.csv"
        await asyncio.to_thread(_write, file, scale.stored_profiles, scale.stored_each)
        await import_events(file, suite.running.home)
        tell("resting, while the others read it")
        tell(f"it took {await _rested(suite):.0f} s")
        rounds = []
        await _p99_ms(profile, _reads(key, scale.stored_profiles, 0), _WARM_UP_S, 0)
        for number in range(1, scale.rounds + 1):
            tell(f"reading {READS_PER_S:.0f} profiles a second, round {number}")
            reads = _reads(key, scale.stored_profiles, number)
            rounds.append(await _p99_ms(profile, reads, scale.cpu_s, number))
    yield [Figure.median("profile_read_p99_ms", rounds)]


async def _rested(suite: OpenedSuite) -> float:
    """Wait until the suite is at rest, ten minutes at most; return how long it took, seconds."""
    began = time.monotonic()
    await asyncio.sleep(_SETTLE_S)
    while time.monotonic() - began < _LONGEST_S:
        before = suite.processes.cpu_s()
        await asyncio.sleep(_LOOKED_S)
        if suite.processes.cpu_s() - before < _AT_REST * _LOOKED_S:
            break
    return time.monotonic() - began


def _write(file: Path, profiles: int, each: int) -> None:
    """Write a file person by person, each in the order of time, which is imported soonest."""
    items = shoppers().item_ids
    first = datetime.now(UTC) - timedelta(days=_DAYS)
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        times = [(first + timedelta(days=turn * _DAYS / each)).isoformat() for turn in range(each)]
        for person in range(profiles):
            for turn, at in enumerate(times):
                kind = _TYPES[turn % len(_TYPES)]
                event_id, order_id = f"stored-{person}-{turn}", f"o{turn}" * (kind == "purchase")
                item_id = items[(person * 7 + turn * 31) % len(items)]
                what = ("WEB", order_id, item_id, "1", "", "")
                writer.writerow((event_id, kind, at, _name(person), *what))


def _name(person: int) -> str:
    return f"stored-{person}"


def _reads(key: bytes, profiles: int, seed: int) -> Iterator[GetSnapshotRequest]:
    """Yield requests for people drawn at random, for ever."""
    chance = random.Random(seed)
    while True:
        name = _name(chance.randrange(profiles))
        pseudonym = IdentityKey(kind=_KIND, key=identity_key(key, _KIND, name))
        yield GetSnapshotRequest(
            identities=[Identity(kind=_KIND, value=name)],
            identity_keys=[pseudonym],
            arm_plan=ArmPlan(salt="bench"),
        )


async def _p99_ms(
    profile: ProfileServiceAsyncStub,
    reads: Iterator[GetSnapshotRequest],
    duration_s: float,
    seed: int,
) -> float:
    async def read(request: GetSnapshotRequest) -> str:
        answer = await profile.GetSnapshot(request, timeout=_READ_S)
        return "" if answer.person_ids else "nobody"

    summary = await drive(read, reads, poisson(READS_PER_S, duration_s, seed))
    if summary.failed or summary.degraded:
        raise MeasurementError(f"not every profile was read: {summary.reasons}")
    return summary.p99_ms
