"""Arrivals are those of a Poisson process, fixed beforehand."""

from __future__ import annotations

import math
import statistics
from itertools import islice, pairwise

import pytest

from cli.load.schedule import Profile, arrivals, poisson


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


def fifths(profile: Profile) -> list[int]:
    """Return how many of 20,000 requests by the rate fall due in each fifth of a run."""
    instants = list(arrivals(profile, 200.0, 100.0, seed=4))
    return [sum(20 * n <= at < 20 * (n + 1) for at in instants) for n in range(5)]


@pytest.mark.parametrize(
    ("profile", "times"),
    [
        (Profile.STEADY, (1.0, 1.0, 1.0, 1.0, 1.0)),
        (Profile.RAMP, (0.1, 0.3, 0.5, 0.7, 0.9)),
        (Profile.SPIKE, (1.0, 1.0, 5.0, 1.0, 1.0)),
    ],
)
def test_the_rate_goes_as_its_profile_says(profile, times):
    for found, expected in zip(fifths(profile), times, strict=True):
        assert abs(found - 4_000 * expected) < 4 * math.sqrt(4_000 * expected)


def test_a_steady_run_is_the_process_itself():
    assert list(arrivals(Profile.STEADY, 50.0, 10.0, 2)) == list(poisson(50.0, 10.0, 2))


@pytest.mark.parametrize("profile", Profile)
def test_the_same_seed_gives_the_same_run_of_a_profile(profile):
    assert list(arrivals(profile, 50.0, 10.0, 2)) == list(arrivals(profile, 50.0, 10.0, 2))
