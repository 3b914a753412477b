from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.runs import distinct


@pytest.mark.parametrize("below", [1, 7, 300, 5_000])
@pytest.mark.parametrize("count", [0, 1, 90, 1_600])
def test_distinct_places_are_those_of_sorting_however_many_there_may_be(
    count: int, below: int
) -> None:
    places = np.random.default_rng(count + below).integers(0, below, count)
    sorted_out = np.unique(places, return_index=True, return_inverse=True)
    for found, expected in zip(distinct(places, below), sorted_out, strict=True):
        assert found.tolist() == expected.tolist()


def test_no_place_is_among_none() -> None:
    assert [found.tolist() for found in distinct(np.zeros(0, np.int64), 0)] == [[], [], []]
