"""Whether there is time for a source."""

import pytest

from services.retrieval.domain.pacing import Pace

A, B, C, LAST = 1, 2, 3, 4
ALL = [A, B, C, LAST]


class Paced:
    """A pace on a clock that only the test moves."""

    def __init__(self):
        self.now_s = 100.0
        self.pace = Pace()

    def take(self, source, spent_s, times=10):
        for _ in range(times):
            self.pace.note(source, spent_s, self.now_s)

    def too_dear(self, time_s):
        return self.pace.too_dear(ALL, time_s, self.now_s)


@pytest.fixture
def paced():
    return Paced()


def test_of_what_nothing_is_known_everything_is_asked(paced):
    assert paced.too_dear(0.001) == frozenset()


def test_whoever_would_take_the_time_of_others_is_left_out(paced):
    paced.take(B, 0.030)
    for cheap in (A, C, LAST):
        paced.take(cheap, 0.001)
    assert paced.too_dear(0.020) == {B}
    assert paced.too_dear(0.040) == frozenset()


def test_as_few_as_possible_are_left_out(paced):
    for source, spent_s in ((A, 0.010), (B, 0.020), (C, 0.004), (LAST, 0.001)):
        paced.take(source, spent_s)
    assert paced.too_dear(0.016) == {B}
    assert paced.too_dear(0.010) == {A, B}


def test_the_time_of_the_last_is_kept_back_whatever_it_takes(paced):
    for source in (A, B, C):
        paced.take(source, 0.004)
    paced.take(LAST, 0.009)
    assert paced.too_dear(0.010) == {A, B, C}
    assert paced.too_dear(0.0) == {A, B, C}


def test_one_hiccup_is_not_what_a_source_takes(paced):
    paced.take(A, 0.001)
    paced.take(A, 0.5, times=1)
    assert paced.too_dear(0.020) == frozenset()


def test_what_only_some_requests_cost_is_not_forgotten_with_the_others(paced):
    for _ in range(10):
        paced.take(A, 0.030, times=1)
        paced.take(A, 0.0)
    assert paced.too_dear(0.020) == {A}


def test_after_a_while_it_is_tried_again(paced):
    paced.take(A, 0.030)
    paced.now_s += 2.0
    assert paced.too_dear(0.020) == {A}
    paced.now_s += 2.0
    assert paced.too_dear(0.020) == frozenset()
    paced.take(A, 0.030, times=1)
    assert paced.too_dear(0.020) == {A}


def test_at_full_quality_nothing_is_spared(paced):
    paced.take(A, 0.010)
    assert paced.pace.to_spare(ALL, 1.0) == frozenset()


def test_the_dearest_are_spared_until_the_rest_takes_that_part(paced):
    for source, spent_s in ((A, 0.001), (B, 0.002), (C, 0.0005), (LAST, 0.0001)):
        paced.take(source, spent_s, times=200)
    assert paced.pace.to_spare(ALL, 0.8) == {B}
    assert paced.pace.to_spare(ALL, 0.25) == {A, B}
    assert paced.pace.to_spare([A, C], 0.8) == {A}


def test_of_what_nothing_is_known_nothing_is_spared(paced):
    assert paced.pace.to_spare(ALL, 0.25) == frozenset()


def test_one_hiccup_makes_no_source_dear(paced):
    paced.take(A, 0.0001, times=100)
    paced.take(B, 0.001, times=100)
    paced.take(A, 0.5, times=1)
    assert paced.pace.to_spare(ALL, 0.8) == {B}


def test_what_is_spared_stays_so_while_nobody_asks_it(paced):
    paced.take(A, 0.003)
    paced.take(B, 0.002, times=200)
    spared = paced.pace.to_spare([A, B], 0.8)
    paced.now_s += 3600.0
    (asked,) = {A, B} - spared
    paced.take(asked, 0.001, times=200)
    assert paced.pace.to_spare([A, B], 0.8) == spared
