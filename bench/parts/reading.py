"""How fast one profile is read where very many are stored."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.schedule import poisson
from shared.privacy import identity_key
from shared.setting_types import key_bytes
from shared.transport.options import ANSWER_LIMIT
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity, IdentityKey
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_pb2 import ArmPlan
from touchpoint.profile.v1.profile_service_pb2 import (
    FinishImportRequest,
    GetSnapshotRequest,
    ImportEventsRequest,
)
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

READS_PER_S = 200.0
"""More than the suite decides at its rated load; each decision reads once."""
EVENTS_EACH = 10
_SLICE = 5_000
_IN_FLIGHT = 3
_DAYS = 300
_TIMEOUT_S = 120.0
_FINISH_S = 3_600.0
_READ_S = 1.0
_WARM_UP_S = 2.0
_TYPES = ("purchase", "view", "view", "add_to_cart", "search")
_KIND = "customer"


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Fill the log as an import does, then read people drawn at random, open loop."""
    key = key_bytes(suite.environment("profile")["TOUCHPOINT_DEPLOYMENT_KEY"])
    address, options = (
        suite.running.grpc["profile"][0],
        (("grpc.max_receive_message_length", ANSWER_LIMIT),),
    )
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        profile = ProfileServiceStub(channel)
        await _store(profile, scale.stored_profiles, tell)
        rounds = []
        await _p99_ms(profile, _reads(key, scale.stored_profiles, 0), _WARM_UP_S, 0)
        for number in range(1, scale.rounds + 1):
            tell(f"reading {READS_PER_S:.0f} profiles a second, round {number}")
            reads = _reads(key, scale.stored_profiles, number)
            rounds.append(await _p99_ms(profile, reads, scale.cpu_s, number))
    yield [Figure.median("profile_read_p99_ms", rounds)]


async def _store(profile: ProfileServiceAsyncStub, profiles: int, tell: Tell) -> None:
    """Import everybody's events, in the order of time."""
    import_id = str(uuid.uuid4())
    slices = _slices(profiles)
    sent, total = 0, profiles * EVENTS_EACH

    async def send() -> None:
        nonlocal sent
        for events in slices:
            request = ImportEventsRequest(import_id=import_id, events=events)
            answer = await profile.ImportEvents(request, timeout=_TIMEOUT_S)
            if answer.accepted != len(events):
                raise MeasurementError(f"of {len(events)} events {answer.accepted} were taken")
            sent += len(events)
            if sent % (100 * _SLICE) == 0:
                tell(f"stored {sent:,} of {total:,} events")

    await asyncio.gather(*(send() for _ in range(_IN_FLIGHT)))
    tell(f"computing the traits of {profiles:,} people")
    done = await profile.FinishImport(FinishImportRequest(import_id=import_id), timeout=_FINISH_S)
    if done.persons != profiles:
        raise MeasurementError(f"of {profiles} people {done.persons} have traits")


def _slices(profiles: int) -> Iterator[Sequence[Event]]:
    """Yield all events in slices: everybody does one thing, then everybody the next."""
    items = shoppers().item_ids
    first = datetime.now(UTC) - timedelta(days=_DAYS)
    events: list[Event] = []
    for turn in range(EVENTS_EACH):
        at = first + timedelta(days=turn * _DAYS / EVENTS_EACH)
        for person in range(profiles):
            events.append(_event(person, turn, items[(person * 7 + turn * 31) % len(items)]))
            events[-1].time.FromDatetime(at + timedelta(seconds=person % 86_400))
            if len(events) == _SLICE:
                yield events
                events = []
    if events:
        yield events


def _event(person: int, turn: int, item_id: str) -> Event:
    return Event(
        event_id=f"stored-{person}-{turn}",
        type=_TYPES[turn % len(_TYPES)],
        identities=[Identity(kind=_KIND, value=_name(person))],
        channel=Channel.WEB,
        session_id=f"s{turn}",
        order_id=f"o{turn}",
        item_id=item_id,
    )


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
