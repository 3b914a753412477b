"""How many recorded events a back-test of all shipped scenarios plays in a second, on all cores."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.backtest.gathering import bundle_of, catalogue_of_suite, past_of_suite, with_offers
from cli.backtest.playing import Span
from cli.backtest.running import Backtested, World, run
from cli.backtest.stage import Definitions
from cli.commands.definitions import read_folder

DEFINITIONS = Path(__file__).parents[2] / "deploy" / "definitions"
_LEAST_MOVING = 0.01
"""Of the events: where hardly any moves a journey, nothing is played."""
_MONTH_US = 30 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class _Gathered:
    world: World
    definitions: Definitions
    span: Span


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Play all that the suite has recorded, from its first event to a month after its last."""
    tell("reading what was recorded")
    gathered = await asyncio.to_thread(_gather, suite.running.home)
    rates = []
    for number in range(scale.rounds):
        tell(f"playing {len(gathered.world.past)} events, round {number + 1}")
        began = time.perf_counter()
        played = await asyncio.to_thread(_play, gathered)
        rates.append(played.went.events / (time.perf_counter() - began))
        share = played.went.moved / max(played.went.events, 1)
        tell(f"{share:.1%} of the events move a journey")
        if share < _LEAST_MOVING:
            raise MeasurementError(f"only {share:.2%} of the events move a journey")
    yield [Figure.median("backtest_events_per_s", rates)]


def _gather(home: Path) -> _Gathered:
    catalogue = catalogue_of_suite(home)
    checked = bundle_of(read_folder(DEFINITIONS), catalogue)
    if checked.bundle is None:
        raise MeasurementError("the shipped definitions have mistakes")
    with_offers(catalogue, checked.bundle.offers)
    past, persons, tiers = past_of_suite(catalogue, home, lambda done, total: None)
    times, _ = past.in_order()
    if not times:
        raise MeasurementError("nothing was recorded")
    span = Span(times[0], times[-1] + _MONTH_US)
    return _Gathered(World(catalogue, past, persons, tiers), Definitions.of(checked.bundle), span)


def _play(gathered: _Gathered) -> Backtested:
    return run(gathered.world, gathered.definitions, gathered.span, lambda done, total: None)
