"""Trees as arrays say what following each tree by hand says, and harmed ones are refused."""

import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.ranker.domain.booster import MOST_DEPTH, MOST_TREES, Booster, BoosterError, Trees
from services.ranker.domain.layout import PLACED, VERSION
from tests.properties import examples
from tests.unit.ranker.trees import by_hand, laid

POOL = list(range(0, 4000, 97))
leaves = st.floats(-2, 2, width=32)
grown = st.recursive(
    leaves, lambda child: st.tuples(st.sampled_from(POOL), child, child), max_leaves=12
)


@given(
    trees=st.lists(grown, min_size=1, max_size=8),
    base=st.floats(-4, 4),
    rows=st.lists(st.sets(st.sampled_from([*POOL, 5, 6]), min_size=3, max_size=3), min_size=1),
    shared=st.sets(st.sampled_from(POOL), min_size=2, max_size=2),
)
def test_arrays_say_what_following_each_tree_says(trees, base, rows, shared):
    booster = Booster.of(laid(trees, base))
    again = Booster.restored(booster.saying(0.3).stored())
    assert again.share == 0.3
    indices = np.array([sorted(row) for row in rows], np.uint32).T
    groups = np.array([sorted(shared), sorted(shared)], np.uint32).T
    group_of = np.zeros(len(rows), np.intp)
    alone = [by_hand(trees, base, row) for row in rows]
    together = [by_hand(trees, base, row | shared) for row in rows]
    for each in (booster, again):
        assert each.log_odds(indices) == pytest.approx(alone, abs=1e-5)
        assert each.log_odds(indices, groups, group_of) == pytest.approx(together, abs=1e-5)


@examples(100)
@given(place=st.integers(0, 10_000), bits=st.integers(1, 255), cut=st.integers(0, 40))
@example(place=2349, bits=190, cut=0)  # three thousand million trees
def test_harmed_bytes_are_refused_or_still_end_at_a_leaf(place, bits, cut):
    data = bytearray(Booster.of(laid([(7, (9, 0.5, -0.5), 1.0), 0.25], -2.0)).stored())
    data[place % len(data)] ^= bits
    harmed = bytes(data[: len(data) - cut])
    try:
        booster = Booster.restored(harmed)
    except BoosterError:
        return
    assert np.isfinite(booster.log_odds(np.array([[7], [9]], np.uint32))).all()


def deep(levels):
    return 0.5 if levels == 0 else (levels, deep(levels - 1), 0.0)


@pytest.mark.parametrize(
    ("trees", "told"),
    [
        (Trees(0, 0.0, [], [], [], []), "0 trees"),
        (Trees(2, 0.0, [0], [0], [0], [0.1]), "2 trees of 1 nodes"),
        (Trees(1, 0.0, [0], [0], [0], []), "differ in length"),
        (Trees(1, 0.0, [1, 0], [1, 1], [5, 1], [0, 0.1]), "outside"),
        (Trees(1, 0.0, [1, 1], [1, 0], [1, 0], [0, 0.1]), "circle"),
        (Trees(1, 0.0, [0], [0], [0], [float("nan")]), "not finite"),
        (Trees(1, float("inf"), [0], [0], [0], [0.1]), "not finite"),
        (Trees(1, 0.0, [0], [0], [0], [51.0]), "surer"),
        (Trees(1, 0.0, [PLACED, 0], [1, 1], [1, 1], [0, 0.1]), "not known here"),
        (Trees(1, 0.0, [-1], [0], [0], [0.1]), "out of range"),
        (laid([0.1] * (MOST_TREES + 1), 0.0), "trees are taken"),
        (laid([deep(MOST_DEPTH + 1)], 0.0), "deeper"),
    ],
)
def test_trees_that_cannot_be_followed_are_refused(trees, told):
    with pytest.raises(BoosterError, match=told):
        Booster.of(trees)


@pytest.mark.parametrize("share", [0.0, 1.0, float("nan"), -0.1])
def test_neither_the_model_nor_the_trees_say_all(share):
    with pytest.raises(BoosterError, match="share"):
        Booster.of(laid([0.1], 0.0)).saying(share)


def test_bytes_of_a_newer_layout_are_refused():
    data = bytearray(Booster.of(laid([(7, 0.5, 1.0)], -2.0)).stored())
    struct.pack_into("<B", data, 16, VERSION + 1)
    with pytest.raises(BoosterError, match="newer layout"):
        Booster.restored(bytes(data))
