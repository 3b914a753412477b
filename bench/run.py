"""Runs parts of the benchmark, those that need the same suite on one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from itertools import groupby

from bench.figures import DEFINITIONS, Figure
from bench.neighbours import NOTABLE_SHARE, Neighbours
from bench.opened import opened_suite
from bench.part import Part, Tell
from bench.scale import Scale

PART_TIMEOUT_S = 600.0


async def measured(
    parts: Sequence[Part], scale: Scale, tell: Tell
) -> AsyncGenerator[list[Figure], None]:
    """Yield the figures of each part as soon as they are there; raises what the parts raise."""
    for part in parts:
        if part.obstacle:
            tell(f"{part.name}: {part.obstacle}")
    possible = [part for part in parts if not part.obstacle]
    for flags, group in groupby(possible, key=lambda part: tuple(part.flags)):
        tell(" ".join(("starting the suite", *flags)))
        async with opened_suite(*flags) as suite:
            for part in group:
                neighbours = Neighbours()
                async with asyncio.timeout(PART_TIMEOUT_S):
                    figures = await part.measure(suite, scale, _named(part.name, tell))
                if (share := neighbours.share()) > NOTABLE_SHARE:
                    tell(f"{part.name}: other machines took {share:.0%} of the CPU time meanwhile")
                assert {figure.name for figure in figures} == names_of(part)
                yield figures


def _named(name: str, tell: Tell) -> Tell:
    return lambda text: tell(f"{name}: {text}")


def names_of(part: Part) -> set[str]:
    """Return the names of the figures that a part measures."""
    return {name for name, definition in DEFINITIONS.items() if definition.part == part.name}
