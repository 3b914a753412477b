"""What may be shown and suits one request: looked up of few, or listed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.domain.showing import Showing
from services.retrieval.domain.sifting import SPARE, Sifted, nearest_shown
from services.retrieval.storage.vectors.exact import ExactIndex

COUNT = 3_000
FAMILIES = np.arange(COUNT, dtype=np.uint32)
VECTORS = np.random.default_rng(1).normal(size=(COUNT, 8)).astype(np.float32)
PRICES = np.random.default_rng(2).permutation(COUNT)


class Searched:
    """An index that notes what was asked of it."""

    def __init__(self):
        self.index = ExactIndex(VECTORS)
        self.asked = []

    def nearest(self, vector, count, allowed=None):
        self.asked.append((count, allowed is not None))
        return self.index.nearest(vector, count, allowed)


def sifted(most, *, sold_out=()):
    mask = np.ones(COUNT, np.bool_)
    mask[[0, *sold_out]] = False
    return Sifted(Showing(mask, np.arange(COUNT)), most, lambda rows: PRICES[rows] < most)


def nearest(index, vector, count, showing):
    found = index.nearest(vector, SPARE * count)
    index.asked.clear()
    return nearest_shown(index, vector, count, found, FAMILIES, showing)[0].tolist()


@given(
    most=st.integers(0, COUNT),
    count=st.integers(1, 200),
    sold_out=st.lists(st.integers(1, COUNT - 1), max_size=50),
    asked=st.integers(0, COUNT - 1),
)
def test_the_nearest_of_those_that_suit_are_found(most, count, sold_out, asked):
    showing = sifted(most, sold_out=sold_out)
    suits = (most > PRICES) & ~np.isin(np.arange(COUNT), [0, *sold_out])
    assert (showing.shows(np.arange(COUNT)) == suits).all()
    assert (showing.shows_families(FAMILIES) == suits).all()
    order = (-(VECTORS @ VECTORS[asked])).argsort(kind="stable")
    best = order[suits[order]][:count]
    assert nearest(Searched(), VECTORS[asked], count, showing) == best.tolist()


@pytest.mark.parametrize(
    ("most", "asks"),
    [
        pytest.param(COUNT, [], id="all of those found suit"),
        pytest.param(COUNT // 4, [False], id="it looks further for a quarter"),
        pytest.param(COUNT // 300, [True], id="it lists the few that suit"),
    ],
)
def test_it_looks_no_further_than_it_has_to(most, asks):
    index = Searched()
    assert nearest(index, VECTORS[5], 60, sifted(most))
    assert [is_filtered for _, is_filtered in index.asked] == asks


def test_what_is_sold_out_since_is_shown_to_nobody():
    mask = np.arange(COUNT) > 0
    base = Showing(mask, np.arange(COUNT))
    showing = Sifted(base, "cheap", lambda rows: PRICES[rows] < COUNT // 300)
    before = showing.rows_allowed(FAMILIES)
    gone = before.mask.nonzero()[0][:1]
    base.change(gone, np.zeros(1, np.bool_), gone)
    assert not showing.shows(gone).any()
    assert showing.rows_allowed(FAMILIES).count == before.count - 1
    places = np.arange(COUNT)
    assert gone[0] not in showing.look_through(0, places, places)
    assert len(showing.look_through(0, places, places)) == before.count - 1
