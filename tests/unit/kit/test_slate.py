"""The slate keeps to its constraints whatever the scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.slate import GroupLimit, Place, assemble

EVERYWHERE = 0b11
NO_FAMILY = NO_GROUP = 0


def slates(scores, places, *, bits=None, families=None, limits=()):
    count = len(scores)
    return assemble(
        np.asarray(scores, dtype=np.float64),
        np.asarray(bits if bits is not None else [EVERYWHERE] * count, dtype=np.uint32),
        np.asarray(families if families is not None else [NO_FAMILY] * count, dtype=np.int64),
        places,
        limits,
    )


def test_the_best_scores_are_chosen_best_first():
    [slate] = slates([1.0, 3.0, 2.0], [Place(2)])
    assert slate.chosen == [1, 2]
    assert slate.following == [0]


def test_no_family_is_shown_twice_on_a_page():
    first, second = slates([3.0, 2.0, 1.0], [Place(1), Place(2)], families=[7, 7, 8])
    assert first.chosen == [0]
    assert second.chosen == [2]


def test_what_one_placement_shows_is_no_spare_of_another():
    first, second = slates([3.0, 2.0, 1.0], [Place(1), Place(1)])
    assert first.following == second.following == [2]
    assert second.chosen == [1]


def test_a_candidate_fills_only_the_placements_it_may():
    first, second = slates([3.0, 2.0], [Place(2), Place(2)], bits=[0b10, 0b01])
    assert first.chosen == [1]
    assert second.chosen == [0]


def test_an_exact_order_shows_nothing_else_and_keeps_its_order():
    [slate] = slates([1.0, 3.0, 2.0], [Place(3, standing=(2, 0), exact=True)])
    assert slate.chosen == [2, 0]
    assert slate.following == []


def test_a_leading_order_goes_first_and_others_follow():
    [slate] = slates([1.0, 3.0, 2.0], [Place(3, standing=(0,))])
    assert slate.chosen == [0, 1, 2]


def test_a_group_limit_counts_over_all_placements_unless_it_names_one():
    brand = [5, 5, 5, NO_GROUP]
    over_page = slates([4, 3, 2, 1], [Place(2), Place(2)], limits=[GroupLimit(brand, 1)])
    assert [slate.chosen for slate in over_page] == [[0, 3], []]
    in_second = slates([4, 3, 2, 1], [Place(2), Place(2)], limits=[GroupLimit(brand, 1, place=1)])
    assert [slate.chosen for slate in in_second] == [[0, 1], [2, 3]]


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 3), st.integers(0, 5), st.integers(0, 3)),
        max_size=30,
    ),
    st.integers(1, 5),
    st.integers(0, 3),
)
def test_every_slate_keeps_to_its_constraints(rows, limit, at_most):
    scores, bits, families, brands = (list(column) for column in zip(*rows)) if rows else ([],) * 4
    found = slates(
        scores,
        [Place(limit), Place(limit)],
        bits=bits,
        families=families,
        limits=[GroupLimit(brands, at_most)],
    )
    shown = [at for slate in found for at in slate.chosen]
    related = [families[at] for at in shown if families[at] != NO_FAMILY]
    assert len(set(related)) == len(related)
    assert len(set(shown)) == len(shown)
    assert all(sum(brands[at] == brand for at in shown) <= at_most for brand in range(1, 4))
    for index, slate in enumerate(found):
        assert len(slate.chosen) <= limit
        assert all(bits[at] >> index & 1 for at in slate.chosen + slate.following)
        assert [scores[at] for at in slate.chosen] == sorted(
            (scores[at] for at in slate.chosen), reverse=True
        )
        assert not {families[at] for at in slate.following} & set(related)
        assert not set(slate.following) & set(shown)
