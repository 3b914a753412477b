"""The shares over many draws are those of filling the page draw by draw."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.slate import GroupLimit, Place, assemble, selection_shares


@st.composite
def pages(draw):
    count = draw(st.integers(1, 12))
    of_each = st.lists(st.integers(0, 4), min_size=count, max_size=count)
    bits = st.lists(st.integers(0, 7), min_size=count, max_size=count)
    asked = [
        Place(
            draw(st.integers(1, 4)),
            tuple(draw(st.permutations(range(count))))[: draw(st.integers(0, 3))],
            draw(st.booleans()),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    limits = [
        GroupLimit(draw(of_each), draw(st.integers(0, 2)), draw(st.integers(-1, 2)))
        for _ in range(draw(st.integers(0, 2)))
    ]
    seed = draw(st.integers(0, 99))
    scores = np.random.default_rng(seed).integers(0, 6, (8, count)).astype(np.float32)
    return scores, np.array(draw(bits), np.uint32), np.array(draw(of_each)), asked, limits


@settings(max_examples=300, deadline=None)
@given(pages())
def test_each_draw_fills_the_page_as_one_by_one(page):
    scores, bits, families, asked, limits = page
    found = selection_shares(scores, bits, families, asked, limits)
    counted = [np.zeros(scores.shape[1]) for _ in asked]
    for draw in scores.astype(float):
        for index, slate in enumerate(assemble(draw, bits, families, asked, limits)):
            counted[index][slate.chosen] += 1
    for ours, theirs in zip(found, counted, strict=True):
        assert ours == pytest.approx(theirs / len(scores))


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
