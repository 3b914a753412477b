"""Sequences are mined as if each had been counted by hand, and judged as exactly."""

from itertools import combinations, pairwise
from math import comb, isclose

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.patterns.mining import Miner, closed, is_part
from services.scenario.domain.patterns.odds import (
    MISTAKES,
    alikeness,
    at_least,
    at_most,
    corrected_for,
    interval,
)

TOKENS = 3
WALKS = st.lists(st.lists(st.integers(0, TOKENS - 1), max_size=6), min_size=1, max_size=8)
LONGEST = 3


def miner_of(walks):
    tokens = [token for walk in walks for token in walk]
    offsets = np.cumsum([0, *map(len, walks)])
    return Miner(np.array(tokens, np.int32), offsets.astype(np.int64))


def first_complete(sequence, walks):
    """Say in which walks a sequence is, and where it is first complete, one step at a time."""
    found, begin = [], 0
    for number, walk in enumerate(walks):
        steps = iter(enumerate(walk))
        places = [next((at for at, each in steps if each == wanted), None) for wanted in sequence]
        if None not in places:
            found.append((number, begin + places[-1]))
        begin += len(walk)
    return found


@given(WALKS, st.data())
def test_all_sequences_of_enough_walks_are_found_where_they_are_first_complete(walks, data):
    counts = np.array(data.draw(st.lists(st.booleans(), min_size=len(walks), max_size=len(walks))))
    least = data.draw(st.integers(1, 3))
    mined = {
        sequence: list(zip(found.walk.tolist(), found.at.tolist(), strict=True))
        for sequence, found in miner_of(walks).sequences(counts, lambda: least, LONGEST)
    }
    parts = {
        tuple(part)
        for walk in walks
        for length in range(1, LONGEST + 1)
        for part in combinations(walk, length)
    }
    expected = {part: first_complete(part, walks) for part in parts}
    assert mined == {
        part: found
        for part, found in expected.items()
        if sum(counts[number] for number, _ in found) >= least
    }


@given(WALKS, st.lists(st.integers(0, TOKENS - 1), min_size=1, max_size=LONGEST))
def test_one_sequence_is_found_as_it_is_mined(walks, sequence):
    found = miner_of(walks).find(sequence)
    told = list(zip(found.walk.tolist(), found.at.tolist(), strict=True))
    assert told == first_complete(sequence, walks)


def test_a_part_of_what_the_same_walks_have_is_not_told():
    same = {(1, 2): "ab", (1, 2, 3): "ab", (2, 3): "abc"}
    assert closed(list(same), same.__getitem__) == [(1, 2, 3), (2, 3)]
    assert is_part((1, 3), (1, 2, 3))
    assert not is_part((3, 1), (1, 2, 3))


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.01, 0.99))
def test_probabilities_are_those_of_the_binomial_distribution(hits, tries, share):
    hits = min(hits, tries)
    each = [comb(tries, k) * share**k * (1 - share) ** (tries - k) for k in range(tries + 1)]
    assert isclose(at_most(hits, tries, share), sum(each[: hits + 1]), rel_tol=1e-6, abs_tol=1e-12)
    assert isclose(at_least(hits, tries, share), sum(each[hits:]), rel_tol=1e-6, abs_tol=1e-12)


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(hits, tries):
    low, high = interval(min(hits, tries), tries)
    assert 0.0 <= low <= min(hits, tries) / tries + 1e-12
    assert min(hits, tries) / tries - 1e-12 <= high <= 1.0


@given(st.lists(st.floats(1e-9, 1.0), max_size=30))
def test_only_as_many_tests_are_corrected_for_as_could_come_out(least):
    tests = corrected_for(least)
    could = [each for each in least if each <= MISTAKES / tests]
    assert len(could) <= tests
    fewer = [k for k in range(1, tests) if sum(x <= MISTAKES / k for x in least) <= k]
    assert not fewer


def test_visits_of_one_person_that_end_alike_say_less():
    person = np.repeat(np.arange(50, dtype=np.int32), 4)
    same = np.repeat(np.tile([0.5, -0.5], 25), 4)
    mixed = np.tile([0.5, -0.5], 100)
    assert alikeness(same, 50.0, person) == 1.0
    assert alikeness(mixed, 50.0, person) == 0.0
    assert all(a <= b for a, b in pairwise([0.0, alikeness(same, 100.0, person), 1.0]))
