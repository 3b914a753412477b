"""Who is out of rotation follows from the calls alone, on a clock of the test's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.replicas.outliers import Limits, Outliers

A, B, C, D, E = "ABCDE"
LIMITS = Limits()


def judged(*replicas):
    outliers = Outliers(LIMITS)
    outliers.of(replicas)
    return outliers


def fail(outliers, replica, now, times=LIMITS.in_a_row, others=(B,)):
    for _ in range(times):
        outliers.failed(replica, now)
        for other in others:
            outliers.answered(other, now)


def freeze(outliers, replica, now, others=(B,)):
    for _ in range(LIMITS.in_a_row):
        outliers.late(replica, now)
        for other in others:
            outliers.answered(other, now)


def test_whoever_fails_four_times_in_a_row_is_out_for_a_second():
    outliers = judged(A, B)
    fail(outliers, A, 10.0, times=3)
    assert not outliers.is_out(A, 10.0)
    fail(outliers, A, 10.0, times=1)
    assert outliers.is_out(A, 10.99)
    assert not outliers.is_out(A, 11.0)


def test_an_answer_in_between_begins_the_row_anew():
    outliers = judged(A, B)
    fail(outliers, A, 10.0, times=3)
    outliers.answered(A, 10.0)
    fail(outliers, A, 10.0, times=3)
    assert not outliers.is_out(A, 10.0)


def test_back_again_one_failure_is_enough_and_it_is_out_for_twice_as_long_up_to_half_a_minute():
    outliers, now = judged(A, B), 10.0
    fail(outliers, A, now)
    lengths = []
    for _ in range(8):
        before = now
        while outliers.is_out(A, now):
            now += 0.25
        lengths.append(now - before)
        outliers.answered(B, now)
        outliers.failed(A, now)
    assert lengths == [1, 2, 4, 8, 16, 30, 30, 30]


def test_whoever_was_well_for_long_enough_begins_with_a_second_again():
    outliers = judged(A, B)
    fail(outliers, A, 10.0)
    outliers.answered(A, 12.5)
    fail(outliers, A, 13.0)
    assert outliers.is_out(A, 13.9)
    assert not outliers.is_out(A, 14.0)


def test_whoever_stays_silent_is_out_until_anything_comes_from_it():
    outliers = judged(A, B)
    freeze(outliers, A, 10.0)
    assert outliers.is_out(A, 10.1)
    outliers.answered(A, 10.2, slowly=True)
    assert not outliers.is_out(A, 10.2)


def test_an_answer_does_not_excuse_failures():
    outliers = judged(A, B)
    fail(outliers, A, 10.0)
    outliers.answered(A, 10.2)
    assert outliers.is_out(A, 10.2)


def test_a_call_that_was_late_and_failed_counts_once():
    outliers = judged(A, B)
    for _ in range(LIMITS.in_a_row - 1):
        outliers.late(A, 10.0)
        outliers.failed(A, 10.0, was_late=True)
        outliers.answered(B, 10.0)
    assert not outliers.is_out(A, 10.0)


def test_what_all_suffer_from_takes_nobody_out():
    outliers = judged(A, B, C)
    for step in range(100):
        for replica in (A, B, C):
            outliers.late(replica, step / 100)
            outliers.failed(replica, step / 100, was_late=True)
    assert not any(outliers.is_out(each, 1.0) for each in (A, B, C))


def test_whoever_fails_every_third_time_is_out_although_never_in_a_row():
    outliers = judged(A, B)
    for step in range(30):
        now = 10.0 + step / 100
        outliers.answered(B, now)
        if step % 3:
            outliers.answered(A, now)
        else:
            outliers.failed(A, now)
    assert outliers.is_out(A, 10.3)
    assert not outliers.is_out(B, 10.3)


def test_whoever_is_much_slower_than_the_others_is_out():
    outliers = judged(A, B)
    for step in range(30):
        outliers.answered(A, 10.0 + step / 100, slowly=True)
        outliers.answered(B, 10.0 + step / 100)
    assert outliers.is_out(A, 10.3)


def test_one_stall_in_a_hundred_takes_nobody_out():
    outliers = judged(A, B)
    for step in range(10_000):
        outliers.answered(A, step / 100, slowly=step % 100 == 0)
        outliers.answered(B, step / 100)
        assert not outliers.is_out(A, step / 100)


def test_failures_of_long_ago_do_not_count():
    outliers = judged(A, B)
    for step in range(9):
        fail(outliers, A, 10.0 + 2.0 * step, times=1)
        outliers.answered(A, 10.0 + 2.0 * step)
    for _ in range(20):
        outliers.answered(A, 40.0)
        outliers.answered(B, 40.0)
    fail(outliers, A, 40.0, times=1)
    assert not outliers.is_out(A, 40.0)


def test_the_only_replica_is_never_out():
    outliers = judged(A)
    fail(outliers, A, 10.0, times=100, others=())
    assert not outliers.is_out(A, 10.0)


def test_those_that_left_are_forgotten_and_those_that_stay_are_not():
    outliers = judged(A, B)
    fail(outliers, A, 10.0)
    outliers.of([A, C])
    assert outliers.is_out(A, 10.0)
    outliers.of([B, C])
    outliers.of([A, B, C])
    assert not outliers.is_out(A, 10.0)
    outliers.failed("gone", 10.0)
    assert not outliers.is_out("gone", 10.0)


def test_whoever_goes_out_is_told_with_the_time_it_stays_out():
    told = []
    outliers = Outliers(LIMITS, on_out=lambda *what: told.append(what))
    outliers.of([A, B])
    fail(outliers, A, 10.0, times=20)
    fail(outliers, A, 11.0, times=1)
    assert told == [(A, 1.0), (A, 2.0)]


HAPPENINGS = st.sampled_from(["late", "failed", "missed", "answered", "slowly"])
STEPS = st.lists(st.tuples(st.sampled_from([A, B, C, D, E]), HAPPENINGS, st.floats(0.0, 0.4)))


def tell(outliers, replica, what, now):
    if what == "slowly":
        outliers.answered(replica, now, slowly=True)
    else:
        getattr(outliers, what)(replica, now)


@given(STEPS, st.integers(1, 5))
def test_whatever_happens_at_least_half_stay_and_nobody_is_out_for_more_than_half_a_minute(
    steps, count
):
    everyone = [A, B, C, D, E][:count]
    outliers, now = judged(*everyone), 0.0
    for replica, what, pause in steps:
        now += pause
        tell(outliers, replica, what, now)
        out = sum(outliers.is_out(each, now) for each in everyone)
        assert 2 * out <= count
    assert not any(outliers.is_out(each, now + LIMITS.longest_s) for each in everyone)


@given(STEPS)
def test_whoever_always_answers_in_time_is_never_out(steps):
    outliers, now = judged(A, B, C, D, E), 0.0
    for replica, what, pause in steps:
        now += pause
        tell(outliers, replica, "answered" if replica == A else what, now)
        assert not outliers.is_out(A, now)
