"""The shares over many draws are those of filling the page draw by draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.slate import Diversity, GroupLimit, Place, Seat, assemble, selection_shares
from tests.properties import examples
from tests.unit.kit.pages import PIN, Case, cases


@st.composite
def diverse(draw):
    """Return a page of few groups, of which the first must differ, and of pins in the way."""
    count = draw(st.integers(4, 9))
    groups = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    first = draw(st.integers(2, 4))
    demands = [
        Diversity(groups, first, draw(st.integers(0, 2)), 0),
        GroupLimit(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)), 2, 0),
    ]
    candidates = st.lists(st.integers(0, count - 1), min_size=1, max_size=2, unique=True)
    seats = [
        Seat(position, draw(candidates), PIN)
        for position in draw(st.sets(st.integers(0, 5), max_size=3))
    ]
    scores = np.random.default_rng(draw(st.integers(0, 999))).random((8, count), np.float32)
    bits, families = np.ones(count, np.uint32), np.zeros(count, np.int64)
    return Case(scores, bits, families, [Place(6, seats=seats)], demands)


@examples(400)
@given(st.one_of(cases(), diverse()))
def test_each_draw_fills_the_page_as_one_by_one(case):
    rest = case.bits, case.families, case.places, case.demands
    found = selection_shares(case.scores, *rest)
    counted = [np.zeros(case.scores.shape[1]) for _ in case.places]
    for draw in case.scores.astype(float):
        for index, slate in enumerate(assemble(draw, *rest)):
            counted[index][slate.chosen] += 1
    for ours, theirs in zip(found, counted, strict=True):
        assert ours == pytest.approx(theirs / len(case.scores))


def test_groups_are_told_apart_whatever_their_numbers_are():
    scores = np.array([[3, 2, 1, 1]], np.float32)
    anywhere, nothing = np.ones(4, np.uint32), np.zeros(4, np.int64)
    limits = [GroupLimit([1 << 40, 1 << 40, 7, 0], 1)]
    [shares] = selection_shares(scores, anywhere, nothing, [Place(4)], limits)
    assert shares.tolist() == [1.0, 0.0, 1.0, 1.0]


def test_nothing_to_show_has_no_shares():
    scores = np.zeros((4, 0), np.float32)
    nothing = np.zeros(0, np.uint32)
    assert selection_shares(scores, nothing, nothing, [Place(3)])[0].tolist() == []


def test_where_one_pin_may_not_move_up_the_next_one_does():
    scores = np.array([[3, 2, 1]], np.float32)
    anywhere, nothing = np.ones(3, np.uint32), np.zeros(3, np.int64)
    place = Place(6, seats=[Seat(3, (1,), PIN), Seat(4, (2,), PIN)])
    differ = [Diversity([1, 1, 2], first=3, repeats=0, place=0)]
    rest = anywhere, nothing, [place], differ
    assert assemble(scores[0].astype(float), *rest)[0].chosen == [0, 2]
    assert selection_shares(scores, *rest)[0].tolist() == [1.0, 0.0, 1.0]
