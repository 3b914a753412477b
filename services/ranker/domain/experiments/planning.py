"""How many people an experiment needs, and how long it takes until they have come."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from services.ranker.domain.experiments.samples import Difference, Sample
from services.ranker.domain.experiments.sequences import ALPHA, always_valid

POWER = 0.8
_MOST = 10**12
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Needed:
    """People for one variant and the control together."""

    at_once: int
    """For one look, at the end."""
    at_all_times: int
    """When it is looked at daily and may be ended as soon as it is clear."""


def people_needed(
    usual: Sample,
    effect: float,
    shares: tuple[float, float] = (0.5, 0.5),
    alpha: float = ALPHA,
    power: float = POWER,
) -> Needed:
    """Return how many people find a change of the usual mean by a share `effect`, with that power.

    `shares` are those of the control and of the variant, above 0. Raises ValueError where nothing
    could ever be found: no effect, no mean or no variance to find it by.
    """
    sought = abs(usual.mean * effect)
    if not (sought > 0.0 and usual.variance > 0.0 and min(shares) > 0.0):
        raise ValueError("no effect, or nothing that it could be seen by")
    normal, whole = NormalDist(), sum(shares)
    # Variance of the difference times people: of both groups, each with its part of the people.
    spread = usual.variance * sum(whole / share for share in shares)
    margin = normal.inv_cdf(power)
    at_once = spread * ((normal.inv_cdf(1.0 - alpha / 2.0) + margin) / sought) ** 2

    def is_enough(people: int) -> bool:
        error = math.sqrt(spread / people)
        reach = always_valid(Difference(0.0, error, people), alpha).high
        return reach + margin * error <= sought

    return Needed(math.ceil(at_once), _least(is_enough, math.ceil(at_once)))


def days_needed(people: int, seen: Sequence[int], share: float) -> float | None:
    """Return after how many days so many people have taken part; None: they never do.

    `seen` holds how many different people had come after each of the last days, ascending; beyond
    it, new ones come as in its last week. `share` of them takes part, above 0.
    """
    wanted = people / share
    before = 0
    for day, reached in enumerate(seen, start=1):
        if reached >= wanted:
            return day - 1 + (wanted - before) / (reached - before)
        before = reached
    if not seen:
        return None
    last = min(_WEEK, len(seen))
    daily = (seen[-1] - (seen[-1 - last] if len(seen) > last else 0)) / last
    return len(seen) + (wanted - seen[-1]) / daily if daily > 0.0 else None


def _least(is_enough: Callable[[int], bool], at_least: int) -> int:
    """Return the least number from there on that is enough, found by doubling and halving."""
    enough = at_least
    while not is_enough(enough):
        at_least, enough = enough, enough * 2
        if enough > _MOST:
            return _MOST
    while enough - at_least > max(1, enough // 1_000):
        middle = (at_least + enough) // 2
        if is_enough(middle):
            enough = middle
        else:
            at_least = middle
    return enough
