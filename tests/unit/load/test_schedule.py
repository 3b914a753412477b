"""Arrivals are those of a Poisson process, fixed beforehand."""

from __future__ import annotations

import math
import statistics
from itertools import islice, pairwise

from cli.load.schedule import poisson


def gaps(rate: float, count: int) -> list[float]:
    return [later - earlier for earlier, later in pairwise(islice(poisson(rate, 1e9, 3), count))]


def test_as_many_requests_fall_due_as_the_rate_says():
    count = sum(1 for _ in poisson(50.0, 200.0, seed=1))

    assert abs(count - 10_000) < 4 * math.sqrt(10_000)


def test_gaps_vary_as_much_as_they_are_long():
    found = gaps(50.0, 20_000)

    assert math.isclose(statistics.fmean(found), 1 / 50, rel_tol=0.03)
    assert math.isclose(statistics.stdev(found), 1 / 50, rel_tol=0.05)


def test_all_instants_lie_within_the_duration_and_ascend():
    instants = list(poisson(100.0, 2.0, seed=5))

    assert instants == sorted(instants)
    assert instants[0] > 0
    assert instants[-1] < 2.0


def test_the_same_seed_gives_the_same_instants_and_another_seed_others():
    assert list(poisson(10.0, 5.0, 1)) == list(poisson(10.0, 5.0, 1))
    assert list(poisson(10.0, 5.0, 1)) != list(poisson(10.0, 5.0, 2))
