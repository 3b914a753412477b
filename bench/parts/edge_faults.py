"""What callers get while one service behind the edge is dead, frozen or slow."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing

from bench.customers import banner_requests
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.rates import Rates
from bench.scale import Scale
from cli.console import CommandError
from cli.load.faults.rehearsal import SERVICE_FAULTS, Cell, Plan, rehearse
from cli.load.faults.targets import SERVICES
from cli.suite.home import Home

CALLS_PER_S = 40.0
"""Or half of the rated load where that is less: what is too much even in good days is no fault."""
LONGEST_S = 270.0
"""Of all calls; a slow machine tries fewer of them under each fault."""
DEADLINES_S = (0.1, 0.05)
SHORT_S = 0.025
"""Told as well: no promise is made for it."""
_HALF = 0.5


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell, rates: Rates) -> Measuring:
    """Rehearse every fault of every service, as `touchpoint load --faults` does.

    A share is that of valid answers in time, degraded or not, of the fault that is worst.
    """
    rate = min(CALLS_PER_S, rates.rated_rps() * _HALF)
    plan = Plan(
        home=Home(suite.running.home),
        edge=suite.running.edge,
        requests=banner_requests(),
        names=SERVICES,
        calls=calls_each(rate, scale.calls_under_fault),
        rate=rate,
        deadlines_s=(*DEADLINES_S, SHORT_S),
    )
    tell(f"{plan.calls} calls under each fault and deadline, {rate:.0f} a second")
    cells = []
    try:
        async with aclosing(rehearse(plan, lambda *_: None)) as rehearsing:
            async for cell in rehearsing:
                tell(told(cell))
                cells.append(cell)
    except CommandError as error:
        raise MeasurementError(str(error)) from error
    yield figures(cells)


def calls_each(rate: float, wanted: int) -> int:
    """Return how many calls there is time for, at each deadline of each fault."""
    cells = (1 + len(SERVICES) * len(SERVICE_FAULTS)) * len((*DEADLINES_S, SHORT_S))
    return min(wanted, int(rate * LONGEST_S / cells))


def told(cell: Cell) -> str:
    """Say what callers got, what was missing most, and when all was well again."""
    kept = cell.kept
    most = "".join(f", most often {reason}" for reason, _ in cell.reasons[:1])
    again = "" if cell.well_after_s is None else f", well after {cell.well_after_s:.1f} s"
    return f"{cell.what}, {cell.deadline_s * 1000:g} ms: {kept.in_time_share:.1%}{most}{again}"


def figures(cells: Sequence[Cell]) -> list[Figure]:
    """Return the worst of all faults; raises MeasurementError where one was not got over."""
    if cells[-1].well_after_s is None:
        raise MeasurementError(f"all was not well again after {cells[-1].what}")
    shares, short = (
        [cell.kept.in_time_share for cell in cells if cell.name and cell.deadline_s in deadlines_s]
        for deadlines_s in (DEADLINES_S, (SHORT_S,))
    )
    return [
        Figure.pooled("in_deadline_share_under_fault", min(shares), shares),
        Figure.pooled("in_deadline_25_share_under_fault", min(short), short),
    ]
