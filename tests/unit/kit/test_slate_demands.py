"""No slate breaks what it must keep to, and each is as full as can be, or says what greed costs."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.slate import Diversity, Exclusion, GroupLimit, Place, Seat, assemble
from tests.properties import examples
from tests.unit.kit.pages import PIN, broken, cases, fullest
from touchpoint.common.v1.vocabulary_pb2 import SlateCause


def slates(scores, places, demands=(), families=None, bits=None):
    count = len(scores)
    return assemble(
        np.asarray(scores, dtype=np.float64),
        np.asarray(bits if bits is not None else [0b11] * count, dtype=np.uint32),
        np.asarray(families if families is not None else [0] * count, dtype=np.int64),
        places,
        demands,
    )


@examples(500)
@given(cases())
def test_no_page_breaks_what_it_must_keep_to(case):
    page = assemble(
        case.scores[0].astype(float), case.bits, case.families, case.places, case.demands
    )
    assert broken(case, [slate.chosen for slate in page]) == []


@examples(200)
@given(cases(most=6, places=1, with_standing=False))
def test_a_slate_is_as_full_as_can_be_where_one_demand_holds(case):
    one = type(case)(
        case.scores, case.bits, np.zeros(len(case.bits), np.int64), case.places, case.demands[:1]
    )
    if isinstance(next(iter(one.demands), None), Exclusion):
        return
    [slate] = assemble(one.scores[0].astype(float), one.bits, one.families, one.places, one.demands)
    assert len(slate.chosen) == fullest(one)


@examples(200)
@given(cases(most=6, places=1, with_standing=False))
def test_a_slate_under_limits_alone_is_never_less_than_its_part_of_the_fullest(case):
    """Each limit, and the families, is a partition matroid: greed gives one in so many of them."""
    limits = [each for each in case.demands if isinstance(each, GroupLimit)]
    one = type(case)(case.scores, case.bits, case.families, case.places, limits)
    [slate] = assemble(one.scores[0].astype(float), one.bits, one.families, one.places, limits)
    assert len(slate.chosen) * (len(limits) + 1) >= fullest(one)


def test_a_pin_is_shown_at_its_position_whatever_its_score():
    [slate] = slates([5, 4, 3, 0], [Place(3, seats=[Seat(1, (3,), PIN)])])
    assert slate.chosen == [0, 3, 1]
    assert slate.causes == [None, PIN, None]


def test_a_pin_moves_up_where_there_is_not_enough_before_it():
    [slate] = slates([5, 4], [Place(4, seats=[Seat(3, (1,), PIN)])])
    assert slate.chosen == [0, 1]


def test_a_pin_beyond_what_is_asked_for_is_none():
    [slate] = slates([5, 4, 3], [Place(2, seats=[Seat(2, (2,), PIN)])])
    assert slate.chosen == [0, 1]


def test_a_pin_of_a_later_placement_is_not_shown_by_an_earlier_one():
    first, second = slates([5, 4, 3], [Place(1), Place(1, seats=[Seat(0, (0,), PIN)])])
    assert (first.chosen, second.chosen) == ([1], [0])


def test_a_pin_counts_before_what_is_shown_above_it():
    promotions = GroupLimit([1, 1, 0], 1, place=0, rule="one promotion")
    [slate] = slates([5, 4, 3], [Place(2, seats=[Seat(1, (1,), PIN)])], [promotions])
    assert slate.chosen == [2, 1]
    assert slate.causes == [(SlateCause.AT_MOST, "one promotion"), PIN]


def test_a_pin_may_not_fill_a_placement_that_is_not_open_to_it():
    [slate] = slates([5, 4], [Place(2, seats=[Seat(0, (1,), PIN)])], bits=[1, 2])
    assert slate.chosen == [0]


def test_what_stands_is_not_touched_by_pins():
    [slate] = slates([5, 4, 3], [Place(2, (2, 1), True, [Seat(0, (0,), PIN)], frozenset({2}))])
    assert slate.chosen == [2, 1]


def test_the_first_differ_as_much_as_is_demanded():
    diversity = Diversity([1, 1, 1, 2, 3], first=4, repeats=1, place=0, rule="mixed")
    [slate] = slates([5, 4, 3, 2, 1], [Place(5)], [diversity])
    assert slate.chosen == [0, 1, 3, 4, 2]
    assert slate.causes[2] == (SlateCause.DIVERSITY, "mixed")


def test_what_would_have_repeated_is_shown_behind_the_first_even_if_a_pin_is_in_between():
    diversity = Diversity([1, 1, 2, 0], first=2, repeats=0, place=0)
    [slate] = slates([5, 4, 3, 2], [Place(4, seats=[Seat(2, (3,), PIN)])], [diversity])
    assert slate.chosen == [0, 2, 3, 1]


def test_sides_of_an_exclusion_are_not_shown_together_and_either_may_repeat():
    exclusion = Exclusion([1, 2, 1, 0], place=0, rule="not both")
    [slate] = slates([5, 4, 3, 2], [Place(4)], [exclusion])
    assert slate.chosen == [0, 2, 3]
    assert slate.causes[1] == (SlateCause.EXCLUSION, "not both")


@given(st.integers(0, 3))
def test_an_offer_of_both_sides_is_shown_alone(first):
    scores = [1.0] * 4
    scores[first] = 2.0
    [slate] = slates(scores, [Place(4)], [Exclusion([3, 3, 3, 3], place=0)])
    assert slate.chosen == [first]
