"""The edge: what callers get in time, what one process saves, and what it does when it is too much.

All of it in about ten minutes on two cores, so that rounds are short and few; `recommend` measures
pages at length.
"""

from __future__ import annotations

from contextlib import aclosing

from bench.errors import MeasurementError
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts import (
    edge_calls,
    edge_colocated,
    edge_faults,
    edge_hedging,
    edge_overload,
    recommend,
)
from bench.rates import Rates
from bench.scale import Scale

SETTINGS = edge_colocated.SETTINGS
"""Of the suite: more candidates than usual, so that it has as much to do as it may come to."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Measure everything of the edge; what keeps one stage from its end does not keep the others.

    The rate found first is that of which all loads are shares or multiples. A suite that was
    overloaded has work left, and one that was killed is cold, so those come last.
    """
    short, rates, failures = scale.of_edge(), Rates(), []
    for stage in (
        recommend.pages(suite, short, tell, rates),
        edge_calls.measure(suite, short, tell),
        edge_hedging.measure(suite, short, tell),
        edge_colocated.measure(suite, short, tell, rates),
        edge_overload.measure(suite, short, tell, rates),
        edge_faults.measure(suite, short, tell, rates),
    ):
        try:
            async with aclosing(stage) as measuring:
                async for figures in measuring:
                    yield figures
        except MeasurementError as error:
            tell(f"{error}")
            failures.append(str(error))
    if failures:
        raise MeasurementError("; ".join(failures))
