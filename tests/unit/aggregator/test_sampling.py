"""Which decisions are recorded, and how many each of them stands for."""

from itertools import count
from random import Random

import pytest

from services.aggregator.domain.sampling import Sampler

HOUR_S = 3600.0
START_US = 1_795_262_400_000_000
PER_HOUR = 120


def at(time_s):
    return START_US + round(time_s * 1e6)


def weights(sampler, gap_s, lasting_s, begin_s=0.0):
    """Return the weights of decisions that come one after another at the same distance."""
    number = round(lasting_s / gap_s)
    return [sampler.weight(at(begin_s + place * gap_s)) for place in range(number)]


def recorded(found):
    return sum(weight > 0 for weight in found)


def sampler(seed=1, per_hour=PER_HOUR):
    return Sampler(per_hour, Random(seed))


def test_while_they_are_few_all_are_recorded_for_ever():
    assert set(weights(sampler(), gap_s=31.0, lasting_s=200 * HOUR_S)) == {1}


def test_of_a_sudden_many_the_first_hundreds_are_all_recorded():
    assert set(weights(sampler(), gap_s=0.1, lasting_s=30)) == {1}


@pytest.mark.parametrize("per_s", [0.2, 5.0, 50.0])
def test_while_they_are_many_about_as_many_as_allowed_are_recorded(per_s):
    sampling, hours = sampler(), 6
    weights(sampling, gap_s=1 / per_s, lasting_s=3 * HOUR_S)
    found = weights(sampling, 1 / per_s, hours * HOUR_S, begin_s=3 * HOUR_S)
    assert 0.7 * PER_HOUR * hours < recorded(found) < 1.3 * PER_HOUR * hours


@pytest.mark.parametrize("seed", range(5))
def test_what_the_recorded_ones_stand_for_adds_up_to_all(seed):
    sampling, total, largest = sampler(seed), 0, 1
    chance = Random(seed)
    now_s = 0.0
    for seen in range(1, 100_001):
        now_s += chance.expovariate(20.0)
        weight = sampling.weight(at(now_s))
        total, largest = total + weight, max(largest, weight)
        assert abs(total - seen) <= 2 * largest
    assert largest > 100
    assert abs(total - seen) < 0.02 * seen


def test_each_of_a_turn_is_as_likely_as_the_others():
    found = weights(sampler(), gap_s=0.02, lasting_s=3 * HOUR_S)
    before, places = 0, []
    for seen, weight in enumerate(found):
        if weight > 50:
            places.append((seen - before) / weight)
        before += weight
    assert len(places) > 200
    assert all(0 <= place < 1 for place in places)
    for quarter in range(4):
        share = sum(quarter <= 4 * place < quarter + 1 for place in places) / len(places)
        assert share == pytest.approx(0.25, abs=0.08)


def test_none_is_likelier_for_coming_first_after_a_pause():
    """Two decisions for each page, and the second comes right after the first."""
    firsts = seconds = 0.0
    sampling = sampler()
    for page in range(40_000):
        firsts += sampling.weight(at(page * 20.0))
        seconds += sampling.weight(at(page * 20.0 + 0.05))
    assert firsts + seconds == pytest.approx(80_000, rel=0.01)
    assert firsts == pytest.approx(seconds, rel=0.06)


def test_when_they_become_few_again_all_are_recorded_again_after_some_hours():
    sampling = sampler()
    weights(sampling, gap_s=0.01, lasting_s=HOUR_S)
    weights(sampling, gap_s=60.0, lasting_s=8 * HOUR_S, begin_s=HOUR_S)
    assert set(weights(sampling, 60.0, HOUR_S, begin_s=9 * HOUR_S)) == {1}


def test_a_turn_that_many_began_ends_though_few_go_on_with_it():
    sampling = sampler()
    weights(sampling, gap_s=0.002, lasting_s=HOUR_S / 2)
    before = sampling.weight(at(HOUR_S / 2))
    assert before == 0
    now_s = count(HOUR_S / 2, 300.0)
    assert any(sampling.weight(at(next(now_s))) for _ in range(500))


def test_none_is_recorded_where_none_may_be():
    assert recorded(weights(sampler(per_hour=0), gap_s=1.0, lasting_s=HOUR_S)) == 0
