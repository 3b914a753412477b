"""The search finds the rate at which a system gives way."""

from __future__ import annotations

import pytest

from bench.rating import PRECISION, rated


def system(capacity: float):
    asked = []

    async def probe(rate: float) -> bool:
        asked.append(rate)
        return rate <= capacity

    return probe, asked


@pytest.mark.parametrize("capacity", [1.5, 30.0, 170.0, 900.0])
@pytest.mark.parametrize("guess", [10.0, 100.0, 400.0])
async def test_the_rate_is_found_from_any_guess(capacity, guess):
    probe, _ = system(capacity)

    found = await rated(probe, guess)

    assert capacity / PRECISION <= found <= capacity


async def test_a_good_guess_takes_few_probes():
    probe, asked = system(100.0)

    await rated(probe, 97.0)

    assert len(asked) <= 8


async def test_what_sustains_nothing_is_rated_zero():
    probe, _ = system(0.0)

    assert await rated(probe, 50.0) == 0.0


async def test_a_rate_that_failed_once_is_tried_again_before_it_is_believed():
    failed = []

    async def probe(rate: float) -> bool:
        if rate not in failed:
            failed.append(rate)
            return False
        return rate <= 100.0

    assert await rated(probe, 100.0) >= 100.0 / PRECISION
