"""Which rows may be found: counted by group, and carried over to what changes of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.domain.allowed import Allowed

ROWS = 300


@given(st.integers(0, 10_000), st.lists(st.integers(0, ROWS - 1), max_size=40), st.booleans())
def test_what_changes_of_it_is_as_if_it_had_been_made_anew(seed, rows, is_counted_before):
    random = np.random.default_rng(seed)
    groups = random.integers(0, 7, ROWS).astype(np.uint16)
    totals = np.bincount(groups, minlength=8)
    allowed = Allowed.of(random.random(ROWS) < random.random())
    if is_counted_before:
        allowed.counts(groups, totals)
    rows = np.array(rows, np.int64)
    shown = random.random(ROWS)[rows] < 0.5
    changed, mask = allowed.changed(rows, shown), allowed.mask.copy()
    mask[rows] = shown
    anew = Allowed.of(mask)
    assert changed.mask.tolist() == mask.tolist()
    assert (changed.count, changed.bits.tolist()) == (anew.count, anew.bits.tolist())
    assert changed.rows.tolist() == anew.rows.tolist() == mask.nonzero()[0].tolist()
    told = [each.counts(groups, totals).tolist() for each in (changed, anew)]
    assert told[0] == told[1] == np.bincount(groups[mask], minlength=8).tolist()


def test_where_nothing_changes_it_stays_itself():
    allowed = Allowed.of(np.array([True, False, True]))
    assert allowed.changed(np.array([0, 1]), np.array([True, False])) is allowed


def test_groups_are_counted_once_and_told_apart():
    allowed = Allowed.of(np.array([True, False, True]))
    groups, others = np.array([0, 0, 1], np.uint16), np.array([1, 1, 1], np.uint16)
    totals = np.array([2, 1])
    assert allowed.counts(groups, totals) is allowed.counts(groups, totals)
    assert allowed.counts(groups, totals).tolist() == [1, 1]
    assert allowed.counts(others, np.array([0, 3])).tolist() == [0, 2]
