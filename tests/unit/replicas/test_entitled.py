"""Extra calls go to those that are latest, however many are a little late."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.replicas.entitled import KEPT, may_ask_beside, waits_s
from shared.replicas.tokens import TokenBucket

LATE_S, STALL_S = 0.003, 0.2


def took_s(bucket: TokenBucket, alone_s: float, other_s: float) -> float:
    """Return how long a call takes that may be asked of another replica at its turns."""
    at = turn = 0
    while (at := at + waits_s(turn, LATE_S)) < alone_s:
        if may_ask_beside(turn, bucket):
            return min(alone_s, at + other_s)
        turn += 1
    return alone_s


@pytest.mark.parametrize("noisy_share", [0.0, 0.02, 0.05, 0.1])
def test_one_in_a_hundred_that_stalls_is_helped_however_noisy_the_machine_is(noisy_share):
    chance = random.Random(3)
    bucket = TokenBucket(share=0.018, most=10)

    def alone_s() -> float:
        kind = chance.random()
        if kind < 0.01:
            return STALL_S
        return chance.uniform(0.004, 0.015) if kind < 0.01 + noisy_share else 0.001

    calls = []
    for _ in range(20_000):
        bucket.earn()
        calls.append(took_s(bucket, alone_s(), alone_s()))
    calls.sort()
    assert calls[-20] < STALL_S / 4  # p99.9
    assert bucket.taken <= 0.02 * len(calls)


@given(st.integers(0, 50), st.integers(0, 30))
def test_whoever_waited_longer_is_never_refused_what_another_would_get(turn, taken):
    early, later = (TokenBucket(share=0.0, most=20) for _ in range(2))
    for bucket in (early, later):
        for _ in range(taken):
            bucket.take()
    assert may_ask_beside(turn + 1, later) >= may_ask_beside(turn, early)


def test_the_latest_may_take_the_last_one():
    bucket = TokenBucket(share=0.0, most=1)
    assert may_ask_beside(len(KEPT) - 1, bucket)


def test_turns_come_twice_as_late_each_time():
    at = [sum(waits_s(turn, LATE_S) for turn in range(turns + 1)) for turns in range(5)]
    assert at == pytest.approx([LATE_S * 2**turns for turns in range(5)])
