"""Runs parts of the benchmark, those that need the same suite on one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import groupby

from bench.errors import MeasurementError
from bench.figures import DEFINITIONS, Figure
from bench.neighbours import NOTABLE_SHARE, Neighbours
from bench.opened import OpenedSuite, opened_suite
from bench.part import Part, Tell
from bench.scale import Scale


@dataclass(frozen=True, slots=True)
class Found:
    """What a part came to."""

    part: Part
    figures: Sequence[Figure]
    failure: str = ""
    """Why figures of the part are missing; "" when none is."""

    @property
    def names(self) -> set[str]:
        """All figures that the part is there to measure."""
        return names_of(self.part)


async def measured(parts: Sequence[Part], scale: Scale, tell: Tell) -> AsyncGenerator[Found, None]:
    """Yield the figures of each part once it is over; one that fails does not keep the others."""
    for part in parts:
        if part.obstacle:
            tell(f"{part.name}: {part.obstacle}")
    possible = [part for part in parts if not part.obstacle]
    for started, group in groupby(possible, key=lambda part: (*part.flags, *part.settings.items())):
        told = (each if isinstance(each, str) else "=".join(each) for each in started)
        tell(" ".join(("starting the suite", *told)))
        first, *others = group
        async with opened_suite(*first.flags, settings=first.settings) as suite:
            for part in (first, *others):
                neighbours = Neighbours()
                found = await found_by(part, suite, scale, _named(part.name, tell))
                if (share := neighbours.share()) > NOTABLE_SHARE:
                    tell(f"{part.name}: other machines took {share:.0%} of the CPU time meanwhile")
                yield found


async def found_by(part: Part, suite: OpenedSuite, scale: Scale, tell: Tell) -> Found:
    """Measure a part; whatever keeps it from its end is told with the figures found until then."""
    figures: list[Figure] = []
    try:
        async with (
            asyncio.timeout(scale.part_timeout_s),
            aclosing(part.measure(suite, scale, tell)) as measuring,
        ):
            async for some in measuring:
                figures += some
    except Exception as error:  # whatever it is, it must not take the other parts with it
        reason = str(error) if isinstance(error, MeasurementError) else repr(error)
        return Found(part, figures, f"{part.name}: {reason}")
    missing = names_of(part) - {figure.name for figure in figures}
    return Found(
        part, figures, f"{part.name}: did not measure {', '.join(missing)}" if missing else ""
    )


def _named(name: str, tell: Tell) -> Tell:
    return lambda text: tell(f"{name}: {text}")


def names_of(part: Part) -> set[str]:
    """Return the names of the figures that a part measures."""
    return {name for name, definition in DEFINITIONS.items() if definition.is_of(part.name)}
