"""How near vectors are found: exactly in small sets, nearly always in large ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage import indexes
from services.retrieval.storage.indexes import build_index
from services.retrieval.storage.vectors import building
from services.retrieval.storage.vectors.building import built_in_lists
from services.retrieval.storage.vectors.exact import ExactIndex, truly_nearest
from services.retrieval.storage.vectors.lists import Layout, ListIndex, promising
from services.retrieval.storage.vectors.measuring import recall
from services.retrieval.storage.vectors.reports import BYTES, HALVES
from tests.properties import examples

DEPTH = 200


def vectors(count, width=16, seed=3, lengths=0.0):
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(8).normal(size=(40, width))
    near = centres[random.integers(0, 40, count)] + 0.4 * random.normal(size=(count, width))
    near *= np.exp(lengths * random.normal(size=(count, 1)))
    return near.astype(np.float32)


MANY = vectors(12_000)
ASKED = vectors(100, seed=4)
OTHERS = vectors(100, seed=5)


@pytest.fixture(scope="module")
def in_lists():
    return built_in_lists(MANY, ASKED)


@pytest.fixture(params=["exact", "in lists"])
def index(request):
    exact = request.param == "exact"
    return ExactIndex(MANY) if exact else request.getfixturevalue("in_lists")


def test_the_nearest_come_first_with_their_products():
    found, products = build_index(np.eye(4, dtype=np.float32)).nearest(
        np.array([0.1, 0.9, 0.5, -1.0], np.float32), 3
    )
    assert found.tolist() == [1, 2, 0]
    assert products.tolist() == pytest.approx([0.9, 0.5, 0.1])


def test_more_than_there_are_gives_all_and_of_nothing_there_is_nothing():
    of_two = build_index(np.eye(2, dtype=np.float32))
    assert len(of_two.nearest(np.ones(2, np.float32), 50)[0]) == 2
    empty = build_index(np.zeros((0, 2), np.float32))
    assert [len(column) for column in empty.nearest(np.ones(2, np.float32), 5)] == [0, 0]


def test_a_small_set_is_compared_whole_and_a_large_one_by_the_lists_that_are_faster(monkeypatch):
    monkeypatch.setattr(indexes, "EXACT_UP_TO", len(MANY) - 1)
    assert isinstance(build_index(MANY[:-1], ASKED), ExactIndex)
    for exact_ms, kind in ((0.0, ExactIndex), (1e9, ListIndex)):
        monkeypatch.setattr(building, "exact_ms", lambda *_, exact_ms=exact_ms: exact_ms)
        assert isinstance(build_index(MANY, ASKED), kind)


def test_lists_find_what_was_measured_of_other_queries_too(in_lists):
    found, products = in_lists.nearest_each(OTHERS, DEPTH)
    assert in_lists.facts.recall_200 >= 0.985
    assert recall(found, truly_nearest(OTHERS, MANY, DEPTH)) >= 0.98
    assert products == pytest.approx(
        np.einsum("qkd,qd->qk", MANY[found], OTHERS), rel=0.02, abs=0.3
    )
    assert in_lists.facts.scanned < len(MANY)


def test_vectors_of_different_lengths_are_found_as_well():
    long_and_short = vectors(12_000, lengths=0.7)
    index = built_in_lists(long_and_short, ASKED)
    found = index.nearest_each(OTHERS, DEPTH)[0]
    assert recall(found, truly_nearest(OTHERS, long_and_short, DEPTH)) >= 0.98
    assert index.facts.scanned < len(long_and_short)


def test_numbers_are_cut_to_a_byte_only_where_that_loses_little():
    assert built_in_lists(MANY, ASKED).facts.kind == BYTES
    outlier = MANY.copy()
    outlier[0] *= 500.0
    index = built_in_lists(outlier, ASKED)
    assert index.facts.kind == HALVES
    assert index.facts.recall_200 >= 0.985


def test_longer_numbers_are_tried_where_all_is_compared_and_too_little_found(monkeypatch):
    tried = []

    def far_enough(encoded, kind, layout, reached, sample):
        """As if everything was looked into, and short numbers lost some for good."""
        tried.append(kind)
        index = found(encoded, kind, layout, reached, sample)
        if kind == BYTES:
            index.facts = building.replace(index.facts, recall_200=0.9)
        return index

    found = building._far_enough
    monkeypatch.setattr(building, "_far_enough", far_enough)
    assert built_in_lists(MANY, ASKED).facts.kind == HALVES
    assert tried == [BYTES, HALVES]


@given(seed=st.integers(0, 99), share=st.floats(0.0, 1.0) | st.sampled_from([0.01, 0.001, 0.0001]))
@examples(15)
def test_whatever_is_filtered_away_the_answer_is_full_and_true(in_lists, seed, share):
    random = np.random.default_rng(seed)
    scattered = random.random(len(MANY)) < share
    region = MANY @ random.normal(size=MANY.shape[1])
    one_region = region > np.quantile(region, 1.0 - share)
    for allowed in (Allowed.of(scattered), Allowed.of(one_region)):
        rows, _ = in_lists.nearest_each(OTHERS, DEPTH, allowed)
        assert rows.shape == (len(OTHERS), min(DEPTH, allowed.count))
        assert (rows >= 0).all()
        assert allowed.mask[rows].all()
        truly = truly_nearest(OTHERS, MANY, DEPTH, allowed.mask)
        assert recall(rows, truly) >= 0.98


@pytest.mark.parametrize("share", [0.11, 0.03])
@pytest.mark.parametrize("is_region", [False, True])
def test_looking_into_lists_and_comparing_the_few_find_the_same(
    in_lists, monkeypatch, share, is_region
):
    along = MANY[:, 0] if is_region else np.random.default_rng(1).random(len(MANY))
    allowed = Allowed.of(along > np.quantile(along, 1.0 - share))
    found = []
    for compared_up_to in (0, len(MANY)):
        changed = building.replace(in_lists.layout, compared_up_to=compared_up_to)
        monkeypatch.setattr(in_lists, "layout", changed)
        found.append(in_lists.nearest_each(OTHERS, DEPTH, allowed)[0])
        assert (found[-1] >= 0).all()
    assert recall(*found) >= 0.97


def test_one_by_one_and_all_at_once_find_the_same(index):
    allowed = Allowed.of(np.arange(len(MANY)) % 3 == 0)
    for which in (None, allowed):
        rows, products = index.nearest_each(OTHERS[:5], 30, which)
        for at, asked in enumerate(OTHERS[:5]):
            own_rows, own_products = index.nearest(asked, 30, which)
            assert own_rows.tolist() == rows[at].tolist()
            assert own_products == pytest.approx(products[at], abs=1e-3)


def test_what_cannot_be_compared_is_refused_with_its_reason(index):
    with pytest.raises(ValueError, match="3 dimensions among those of 16"):
        index.nearest(np.ones(3, np.float32), 5)
    with pytest.raises(ValueError, match="no number"):
        index.nearest(np.full(16, np.nan, np.float32), 5)
    with pytest.raises(ValueError, match="7 rows"):
        index.nearest(OTHERS[0], 5, Allowed.of(np.ones(7, np.bool_)))


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 9), min_size=1, max_size=60).filter(any),
    st.integers(1, 300),
)
def test_the_most_promising_lists_are_looked_into_until_enough_is_in_them(seed, sizes, least):
    random = np.random.default_rng(seed)
    means = random.normal(size=(len(sizes), 4)).astype(np.float32)
    list_of = np.repeat(np.arange(len(sizes), dtype=np.uint16), sizes)
    layout = Layout.of(means, np.ones(len(sizes), np.float32), list_of, DEPTH)
    asked = random.normal(size=4).astype(np.float32)
    wanted, held = [], 0
    for each in np.argsort(-(means @ asked), kind="stable").tolist():
        if held < least and layout.sizes[each]:
            wanted.append(each)
            held += layout.sizes[each]
    assert promising(asked, layout, layout.sizes, least).tolist() == wanted
