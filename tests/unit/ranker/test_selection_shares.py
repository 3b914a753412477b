"""The shares over many draws are those of filling the page draw by draw."""

import numpy as np
import pytest
from hypothesis import given, settings

from shared.slate import GroupLimit, Place, assemble, selection_shares
from tests.unit.kit.pages import cases


@settings(max_examples=300, deadline=None)
@given(cases())
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
