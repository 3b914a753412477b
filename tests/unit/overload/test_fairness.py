"""Equal shares, and whatever one does not want for the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.overload.fairness import fair_level

demands = st.lists(st.floats(0.1, 1000.0), min_size=1, max_size=20)


@given(asked=demands, part=st.floats(0.05, 1.0))
def test_all_have_what_there_is_and_nobody_more_than_the_level(asked, part):
    admitted = part * sum(asked)
    level = fair_level({str(place): each for place, each in enumerate(asked)}, admitted)
    given_out = sum(min(each, level) for each in asked)
    assert given_out == pytest.approx(admitted, rel=1e-6)


@given(asked=demands)
def test_where_there_is_enough_everybody_has_all(asked):
    names = {str(place): each for place, each in enumerate(asked)}
    assert fair_level(names, 2 * sum(asked)) >= max(asked)


def test_who_asks_for_little_is_below_the_level():
    level = fair_level({"modest": 10.0, "greedy": 500.0, "greedier": 900.0}, 110.0)
    assert level == pytest.approx(50.0)
