"""When requests are sent: fixed before the first one, so that a slow server delays none of them."""

from __future__ import annotations

import random
from collections.abc import Iterator


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
