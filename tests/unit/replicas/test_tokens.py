"""Extra calls are a share of those that were asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.replicas.tokens import TokenBucket

SHARES = st.integers(0, 1_000).map(lambda thousandths: thousandths / 1_000)


@given(SHARES, st.integers(0, 20), st.lists(st.booleans(), max_size=300))
def test_whenever_they_are_wanted_there_are_never_more_than_the_share(share, most, wanted):
    bucket = TokenBucket(share, most)
    for calls, is_wanted in enumerate(wanted, 1):
        bucket.earn()
        if is_wanted:
            bucket.take()
        assert bucket.taken <= most + share * calls + 1e-9


@given(SHARES, st.integers(2, 20), st.integers(0, 2_000))
def test_who_always_wants_one_gets_the_whole_share(share, most, calls):
    bucket = TokenBucket(share, most)
    for _ in range(calls):
        while bucket.take():
            pass
        bucket.earn()
    while bucket.take():
        pass
    assert bucket.taken == most + int(share * calls + 1e-9)


def test_what_is_kept_for_others_is_left():
    bucket = TokenBucket(share=0.0, most=3)
    assert bucket.take(keeping=2)
    assert not bucket.take(keeping=2)
    assert bucket.take(keeping=1)
    assert bucket.take()


def test_fifty_calls_earn_exactly_one_of_two_in_a_hundred():
    bucket = TokenBucket(share=0.02, most=1)
    assert bucket.take()
    for _ in range(49):
        bucket.earn()
    assert not bucket.take()
    bucket.earn()
    assert bucket.take()


def test_in_quiet_times_no_more_is_saved_up_than_may_be_spent_at_once():
    bucket = TokenBucket(share=0.5, most=3)
    for _ in range(1_000):
        bucket.earn()
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


def test_a_bucket_of_nothing_lets_nothing_through():
    bucket = TokenBucket(share=0.0, most=0)
    bucket.earn()
    assert not bucket.take()
