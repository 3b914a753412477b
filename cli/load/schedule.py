"""When requests are sent: fixed before the first one, so that a slow server delays none of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

SPIKE_TIMES = 5.0


class Profile(StrEnum):
    """How the rate goes over a run."""

    STEADY = "steady"
    """The rate all along."""
    RAMP = "ramp"
    """From nothing up to the rate, evenly."""
    SPIKE = "spike"
    """The rate, and five times as much in the middle fifth of the run."""


def poisson(rate: float, duration_s: float, seed: int) -> Iterator[float]:
    """Yield the seconds after the start at which requests are due, a Poisson process of `rate`/s.

    Open loop: latency counts from these instants, not from when a request could be sent. Anything
    else leaves out just the requests that would have waited (coordinated omission).
    """
    chance = random.Random(seed)  # noqa: S311 arrivals, not secrets
    at = chance.expovariate(rate)
    while at < duration_s:
        yield at
        at += chance.expovariate(rate)


def arrivals(profile: Profile, rate: float, duration_s: float, seed: int) -> Iterator[float]:
    """Yield the seconds at which requests are due: a Poisson process whose rate goes as told.

    Those of a process at the highest rate are thinned (Lewis and Shedler 1979).
    """
    times = _TIMES[profile]
    most = SPIKE_TIMES if profile is Profile.SPIKE else 1.0
    chance = random.Random(f"thin {seed}")  # noqa: S311 independent of the arrivals that it thins
    for at in poisson(rate * most, duration_s, seed):
        if chance.random() * most < times(at / duration_s):
            yield at


def _spiked(part: float) -> float:
    return SPIKE_TIMES if 0.4 <= part < 0.6 else 1.0


_TIMES: Mapping[Profile, Callable[[float], float]] = MappingProxyType(
    {Profile.STEADY: lambda _: 1.0, Profile.RAMP: lambda part: part, Profile.SPIKE: _spiked}
)
"""How many times the rate, by the part of the run that has passed, 0 to 1."""
