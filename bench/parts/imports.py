"""How many events of a file a second are in the view of the customers whose they are."""

from __future__ import annotations

import asyncio
import csv
import sys
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio
import psutil

from bench.customers import shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.suite.footprint import memory_mb
from touchpoint.aggregator.v1.aggregator_service_pb2 import GetCustomerViewRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.identity_pb2 import Identity

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

COLUMNS = (
    "event_id", "type", "time", "customer_id", "channel", "order_id", "item_id", "quantity",
    "value", "currency",
)  # fmt: skip
_ORDERS = 20
_LINES = 5
"""Of one order, each an event."""
_PER_PERSON = _ORDERS * _LINES
_DAYS = 300
_LOOKED_AT = 20
_PATIENCE_S = 10.0
_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 1.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Import purchases by the command that users import with, until the views show the traits."""
    rates = []
    file = suite.running.home / "bench-events.csv"
    async with grpc.aio.insecure_channel(suite.running.edge) as channel:
        edge = AggregatorServiceStub(channel)
        for number in range(scale.rounds):
            tell(f"importing {scale.imported_events:,} events, round {number + 1}")
            people = _people(number, scale.imported_events // _PER_PERSON)
            events = await asyncio.to_thread(_write, file, people)
            start = time.perf_counter()
            await import_events(file, suite.running.home)
            await _until_shown(edge, people[:: max(1, len(people) // _LOOKED_AT)])
            rates.append(events / (time.perf_counter() - start))
    yield [Figure.median("import_events_per_s", rates)]
    people = _people(scale.rounds, scale.watched_events // _PER_PERSON)
    events = await asyncio.to_thread(_write, file, people)
    tell(f"watching memory while {events:,} events are imported")
    grown = await _watched(suite, import_events(file, suite.running.home))
    yield [Figure.median("import_rss_growth_mb", [grown])]


async def _watched(suite: OpenedSuite, importing: Awaitable[None]) -> float:
    """Return how much the memory of the suite and the command grows after the first slice."""
    marks = suite.running.home / "imports"
    work = asyncio.ensure_future(importing)
    seen: list[float] = []
    while not work.done():
        if any(marks.glob("events-*.json")):
            mine = sum(memory_mb(child.pid) for child in psutil.Process().children())
            seen.append(mine)
        await asyncio.wait([work], timeout=_LOOK_EVERY_S)
    await work
    if not seen:
        raise MeasurementError("the import was over before its memory could be looked at")
    return max(seen) - seen[0]


def _people(number: int, count: int) -> list[str]:
    return [f"imported-{number}-{person}" for person in range(count)]


def _write(file: Path, people: Sequence[str]) -> int:
    """Write a file of everybody's purchases in the order of time; return how many."""
    items = shoppers().item_ids
    first = datetime.now(UTC) - timedelta(days=_DAYS)
    number = 0
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(COLUMNS)
        for order in range(_ORDERS):
            at = (first + timedelta(days=order * _DAYS / _ORDERS)).isoformat()
            for person in people:
                for _ in range(_LINES):
                    number += 1
                    writer.writerow(_row(number, at, person, order, items[number % len(items)]))
    return number


def _row(number: int, at: str, person: str, order: int, item_id: str) -> Sequence[str]:
    event_id, order_id = f"{person}-{number}", f"{person}-{order}"
    return (event_id, "purchase", at, person, "WEB", order_id, item_id, "1", "10.00", "USD")


async def import_events(file: Path, home: Path) -> None:
    """Import by the command that users import with; raises MeasurementError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "import", "events", str(file)),
        *("--home", str(home), "--json"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise MeasurementError(f"the import failed: {said.decode()[-500:]}")


async def _until_shown(edge: AggregatorServiceAsyncStub, people: Sequence[str]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        for person in people:
            while await _orders(edge, person) != _ORDERS:
                continue


async def _orders(edge: AggregatorServiceAsyncStub, person: str) -> int:
    identity = Identity(kind="customer", value=person)
    request = GetCustomerViewRequest(identities=[identity])
    view = await edge.GetCustomerView(request, timeout=_TIMEOUT_S)
    return view.traits.frequency
