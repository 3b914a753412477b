"""The edge: what agents see in time, then what it does when more is asked than it can answer."""

from __future__ import annotations

from contextlib import aclosing

from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts import edge_calls, edge_faults, edge_hedging, edge_overload
from bench.scale import Scale

_ONE_AFTER_ANOTHER = (
    edge_calls.measure,
    edge_hedging.measure,
    edge_overload.measure,
    edge_faults.measure,
)
"""Quiet ones first: a suite that was overloaded has work left, and one that was killed is cold."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Measure everything of the edge on one suite."""
    for part in _ONE_AFTER_ANOTHER:
        async with aclosing(part(suite, scale, tell)) as measuring:
            async for figures in measuring:
                yield figures
