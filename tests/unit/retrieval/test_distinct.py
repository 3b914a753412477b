"""Equal numbers are found as NumPy's `unique` finds them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.retrieval.domain.distinct import ascending, firsts, grouped

NUMBERS = st.lists(st.integers(0, 9), max_size=30).map(lambda each: np.array(each, np.int64))


@given(NUMBERS)
def test_each_number_comes_once_and_they_ascend(numbers: NDArray[np.int64]) -> None:
    assert ascending(numbers).tolist() == np.unique(numbers).tolist()


@given(NUMBERS)
def test_the_first_places_are_told_in_their_order(numbers: NDArray[np.int64]) -> None:
    assert firsts(numbers).tolist() == sorted(np.unique(numbers, return_index=True)[1].tolist())


@given(NUMBERS)
def test_groups_are_those_of_equal_numbers(numbers: NDArray[np.int64]) -> None:
    expected = np.unique(numbers, return_index=True, return_inverse=True)
    for found, wanted in zip(grouped(numbers), expected, strict=True):
        assert found.tolist() == wanted.tolist()
