"""How what the sources propose becomes one list."""

import numpy as np
import pytest

from services.retrieval.domain.query import Proposals
from services.retrieval.domain.retriever import Retriever
from shared.errors import Unavailable
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import Source

AGAIN, SESSION, OFFER, POPULAR = Source.BUY_AGAIN, Source.IN_SESSION, Source.OFFER, Source.POPULAR
QUOTAS = {AGAIN: 1.0, SESSION: 2.0, OFFER: 1.0, POPULAR: 1.0}


class Says:
    """A source that always proposes the same."""

    def __init__(self, nos, is_personal=False):
        self.is_personal = is_personal
        self._nos = np.array(nos, np.uint32)

    def propose(self, query):
        return Proposals.of(self._nos, np.linspace(1.0, 0.5, len(self._nos)), 0, 7)


class Fails(Says):
    def propose(self, query):
        raise Unavailable("its index is being built", reason="NOT_READY")


class Spends(Says):
    """Takes its time on a clock that only it moves."""

    now_s = 0.0

    def propose(self, query):
        Spends.now_s += 1.0
        return super().propose(query)


@pytest.fixture
def shop():
    shop = Shop()
    for name in "abcdefgh":
        shop.item(name)
    return shop


def retrieve(shop, sources, timeout_s=5.0, **query):
    retriever = Retriever(shop.catalogue, sources, QUOTAS, monotonic=lambda: Spends.now_s)
    return retriever.retrieve(shop.query(**query), timeout_s)


def told(shop, found):
    merged = found.candidates
    return [
        (shop.names[no], source)
        for no, source in zip(merged.offer_nos.tolist(), merged.sources.tolist(), strict=True)
    ]


def test_sources_are_interleaved_by_their_weight(shop):
    found = retrieve(shop, {AGAIN: Says([1, 2, 3]), SESSION: Says([4, 5, 6, 7])})
    assert [name for name, _ in told(shop, found)] == ["d", "a", "e", "f", "b", "g", "c"]


def test_what_two_propose_belongs_to_the_more_personal(shop):
    found = retrieve(shop, {AGAIN: Says([2]), POPULAR: Says([1, 2])})
    assert sorted(told(shop, found)) == [("a", POPULAR), ("b", AGAIN)]


def test_a_family_comes_once(shop):
    shop.item("a in red", of="a")
    found = retrieve(shop, {SESSION: Says([9]), POPULAR: Says([1, 2])})
    assert told(shop, found) == [("a in red", SESSION), ("b", POPULAR)]


def test_the_limit_is_kept_and_one_source_fills_what_another_leaves(shop):
    found = retrieve(shop, {AGAIN: Says([1]), POPULAR: Says([2, 3, 4, 5])}, limit=4)
    assert [name for name, _ in told(shop, found)] == ["a", "b", "c", "d"]


def test_a_source_that_cannot_answer_costs_only_its_own_candidates(shop):
    found = retrieve(shop, {AGAIN: Fails([1]), POPULAR: Says([2])})
    assert told(shop, found) == [("b", POPULAR)]
    assert [(r.source, r.failure) for r in found.reports] == [
        (AGAIN, "NOT_READY"),
        (POPULAR, ""),
    ]


def test_a_defect_of_a_source_is_not_taken_for_having_nothing_to_propose(shop):
    with pytest.raises(AttributeError):
        retrieve(shop, {AGAIN: object(), POPULAR: Says([2])})


def test_a_source_whose_turn_comes_too_late_is_not_asked(shop):
    found = retrieve(shop, {SESSION: Spends([1]), POPULAR: Says([2])}, timeout_s=0.5)
    assert told(shop, found) == [("a", SESSION)]
    assert [(each.candidates, each.failure) for each in found.reports] == [
        (1, ""),
        (0, "NO_TIME_LEFT"),
    ]


def test_nothing_proposed_is_an_empty_list(shop):
    found = retrieve(shop, {POPULAR: Says([])})
    assert told(shop, found) == []


def test_personal_sources_are_left_out_where_nothing_personal_is_wanted(shop):
    sources = {AGAIN: Says([1], is_personal=True), POPULAR: Says([2])}
    assert told(shop, retrieve(shop, sources, is_personal=False)) == [("b", POPULAR)]
    assert len(told(shop, retrieve(shop, sources))) == 2


def test_what_is_in_view_or_in_the_cart_is_not_proposed_nor_its_variants(shop):
    shop.item("a in red", of="a")
    shop.offer("sale")
    found = retrieve(shop, {POPULAR: Says([1, 2, 10])}, cart_nos=(shop.no("a in red"),))
    assert [name for name, _ in told(shop, found)] == ["b", "sale"]
    found = retrieve(shop, {POPULAR: Says([1, 2, 10])}, in_view=["a in red"])
    assert [name for name, _ in told(shop, found)] == ["b", "sale"]


def shoes():
    shop = Shop()
    for number, size in enumerate(("41", "42", "43"), start=1):
        shop.item(f"shoe {size}", of="shoe 41" if number > 1 else "", size=size, stock=3)
    shop.item("worn", size="42")
    shop.item("hat")
    return shop


def test_a_person_is_offered_their_own_size():
    shop = shoes()
    sources = {POPULAR: Says([1, 5])}
    found = retrieve(shop, sources, person=shop.person(sizes=["worn"]))
    assert [name for name, _ in told(shop, found)] == ["shoe 42", "hat"]
    found = retrieve(shop, sources, person=shop.person())
    assert [name for name, _ in told(shop, found)] == ["shoe 41", "hat"]


def test_a_size_that_is_sold_out_is_not_offered():
    shop = Shop()
    shop.item("shoe 41", size="41")
    shop.item("shoe 42", of="shoe 41", size="42", stock=0)
    shop.item("worn", size="42")
    found = retrieve(shop, {POPULAR: Says([1])}, person=shop.person(sizes=["worn"]))
    assert told(shop, found) == [("shoe 41", POPULAR)]


def test_columns_stay_together(shop):
    found = retrieve(shop, {AGAIN: Says([1, 2]), POPULAR: Says([2, 3])}).candidates
    by_name = dict(zip(found.offer_nos.tolist(), found.scores.tolist(), strict=True))
    assert by_name == {1: 1.0, 2: 0.5, 3: 0.5}
    assert set(found.evidence_counts.tolist()) == {7}
