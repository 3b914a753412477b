"""How much is asked for, by how near the end of their time steps come."""

from itertools import cycle, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.domain.quality import (
    EASY,
    LEVELS,
    TIGHT,
    Qualities,
    QualityControl,
    used,
)
from services.aggregator.domain.steps import Outcome, Step, StepRecord

RATE = 200.0
LATE, FREE = 1.0, 0.1
LOWEST = LEVELS[-1]


class Edge:
    """A control under a stream of decisions, each of which takes a part of its time."""

    def __init__(self):
        self.control = QualityControl()
        self.now_s = 1000.0
        self.seen = [1.0]

    def decide(self, takes, seconds, rate=RATE):
        """Decide for so long; `takes` is a part, or what tells it of the quality."""
        for _ in range(round(seconds * rate)):
            self.now_s += 1.0 / rate
            quality = self.control.quality(self.now_s)
            self.seen.append(quality)
            part = takes(quality) if callable(takes) else takes
            self.control.note(part, self.now_s)
        return self.quality

    @property
    def quality(self):
        return self.control.quality(self.now_s)

    @property
    def turns(self):
        """How often the quality rose after it had fallen, or fell after it had risen."""
        moves = [after - before for before, after in pairwise(self.seen) if after != before]
        return sum(one * other < 0 for one, other in pairwise(moves))


@pytest.fixture
def edge():
    return Edge()


def record(step, part, outcome=Outcome.OK):
    return StepRecord(step, 0.010, 0.010 * part, outcome)


def test_in_calm_everything_is_asked_for(edge):
    edge.decide(FREE, 60)
    edge.decide(TIGHT - 0.01, 60)
    assert set(edge.seen) == {1.0}


def test_a_few_slow_decisions_are_no_pressure(edge):
    for _ in range(100):
        edge.decide(LATE, 4 / RATE)
        edge.decide(FREE, 0.5)
    assert set(edge.seen) == {1.0}


@pytest.mark.parametrize("seed", range(5))
def test_where_one_in_a_hundred_is_late_everything_is_asked_for(edge, seed):
    chance = Random(seed)
    edge.decide(lambda _: LATE if chance.random() < 0.01 else FREE, 60)
    assert set(edge.seen) == {1.0}


def test_when_decisions_take_all_their_time_less_is_asked_for_step_by_step(edge):
    edge.decide(LATE, 3)
    fallen = list(dict.fromkeys(edge.seen))
    assert fallen == list(LEVELS)


def test_a_part_of_them_is_enough(edge):
    one_in_four = cycle([LATE, FREE, FREE, FREE])
    assert edge.decide(lambda _: next(one_in_four), 1) < 1.0


def test_few_callers_that_are_all_late_are_seen_too(edge):
    assert edge.decide(LATE, 10, rate=5) < 1.0


def test_it_recovers_by_itself(edge):
    edge.decide(LATE, 30)
    assert edge.quality == LOWEST
    assert edge.decide(FREE, 20) == 1.0
    assert edge.turns == 1


def test_it_recovers_while_hardly_anybody_asks(edge):
    edge.decide(LATE, 3)
    assert edge.decide(FREE, 30, rate=1) == 1.0


def test_after_a_while_without_decisions_nothing_is_remembered(edge):
    edge.decide(LATE, 3)
    edge.now_s += 10.0
    assert edge.quality == 1.0


def test_after_the_longest_storm_it_is_whole_again_within_half_a_minute(edge):
    edge.decide(lambda quality: LATE if quality > LOWEST else FREE, 600)
    assert edge.decide(FREE, 30) == 1.0


def test_what_fits_at_a_lower_quality_comes_to_rest_there(edge):
    edge.decide(lambda quality: 1.2 * quality, 25)
    settled = edge.quality
    assert 1.2 * settled < TIGHT
    edge.seen.clear()
    edge.decide(lambda quality: 1.2 * quality, 4)
    assert set(edge.seen) == {settled}


def test_where_it_is_neither_tight_nor_easy_it_is_tried_again_after_patience(edge):
    edge.decide(LATE, 0.5)
    assert edge.quality < 1.0
    between = (TIGHT + EASY) / 2
    assert edge.decide(between, 20) < 1.0
    assert edge.decide(between, 90) == 1.0


LOADS = st.tuples(
    st.floats(0.0, 1.5),
    st.floats(0.0, 3.0),
    st.floats(0.0, 4.0),
)


@settings(max_examples=40, deadline=None)
@given(LOADS)
def test_under_a_steady_load_it_hardly_ever_turns(load):
    """However what decisions take follows from what is asked for, if more takes no less."""
    least, steepness, power = load
    edge = Edge()
    edge.decide(lambda quality: least + steepness * quality**power, 120, rate=64)
    # A rise that failed is tried again after 1, 2, 4, 8, then 16 s: two turns each time.
    assert edge.turns <= 2 * (4 + 120 / 16) + 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.05, 3.0)), max_size=20))
def test_whatever_happens_it_is_a_level_and_whole_again_after_half_a_minute_of_calm(phases):
    edge = Edge()
    for part, seconds in phases:
        edge.decide(part, seconds, rate=64)
    assert set(edge.seen) <= set(LEVELS)
    edge.decide(FREE, 30, rate=64)
    assert edge.quality == 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, TIGHT, exclude_max=True), min_size=1, max_size=500))
def test_while_nothing_is_tight_nothing_is_left_out(parts):
    edge, again = Edge(), cycle(parts)
    edge.decide(lambda _: next(again), 5)
    assert set(edge.seen) == {1.0}


def test_the_slowest_step_that_depends_on_how_much_is_asked_for_counts():
    records = [record(Step.PROFILE, 0.9), record(Step.RETRIEVAL, 0.3), record(Step.RANK, 0.5)]
    assert used(records) == pytest.approx(0.5)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.OVERLOADED, Outcome.NO_BUDGET])
def test_a_step_without_time_counts_as_late(outcome):
    assert used([record(Step.CHECK, 0.0, outcome)]) == 1.0


@pytest.mark.parametrize("outcome", [Outcome.UNAVAILABLE, Outcome.FAILED, Outcome.SKIPPED])
def test_a_service_that_is_gone_is_not_in_want_of_time(outcome):
    assert used([record(Step.CHECK, 0.5, outcome)]) is None


def overrun(qualities, budget_s, part=LATE, seconds=3):
    now_s = 1000.0
    for _ in range(round(seconds * RATE)):
        now_s += 1.0 / RATE
        qualities.quality(budget_s, now_s)
        qualities.note(budget_s, [record(Step.CHECK, part)], now_s)
    return now_s


def test_who_asks_with_too_short_a_deadline_does_not_take_from_those_with_more_time():
    qualities = Qualities()
    now_s = overrun(qualities, 0.010)
    assert qualities.quality(0.015, now_s) == LOWEST
    assert qualities.quality(0.045, now_s) == 1.0
    assert qualities.quality(0.090, now_s) == 1.0


def test_deadlines_beyond_a_second_are_those_of_a_second():
    qualities = Qualities()
    now_s = overrun(qualities, 0.9)
    assert qualities.quality(5.0, now_s) == LOWEST


@pytest.mark.parametrize(("load", "quality"), [(1.1, LOWEST), (0.8, LOWEST), (0.7, 1.0)])
def test_a_house_that_is_nearly_full_counts_like_a_step_without_time(load, quality):
    qualities = Qualities()
    qualities.hear_load(lambda: load)
    assert qualities.quality(0.09, overrun(qualities, 0.09, FREE)) == quality


def test_when_the_house_empties_it_recovers():
    qualities, load = Qualities(), 1.0
    qualities.hear_load(lambda: load)
    overrun(qualities, 0.09, FREE)
    load = 0.2
    assert qualities.quality(0.09, overrun(qualities, 0.09, FREE, seconds=20)) == 1.0


def test_every_change_is_told():
    told = []
    qualities = Qualities(changed=lambda quality, up_to_s: told.append((quality, up_to_s)))
    overrun(qualities, 0.045)
    assert told == [(level, 0.08) for level in LEVELS[1:]]
