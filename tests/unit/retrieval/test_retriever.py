"""How what the sources propose becomes one list."""

from dataclasses import replace

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
        self._nos = np.array(nos, np.int64)

    def propose(self, query):
        return Proposals.of(self._nos, np.linspace(1.0, 0.5, len(self._nos)), 0, 7)


class Fails(Says):
    def propose(self, query):
        raise Unavailable("its index is being built", reason="NOT_READY")


class Breaks(Says):
    def __init__(self, mistake):
        super().__init__([])
        self._mistake = mistake

    def propose(self, query):
        raise self._mistake


class Tears(Says):
    def propose(self, query):
        return replace(super().propose(query), scores=np.ones(1, np.float32))


class Spends(Says):
    """Takes its time on a clock that only it moves."""

    now_s = 0.0

    def __init__(self, nos, spent_s=1.0):
        super().__init__(nos)
        self.spent_s = spent_s

    def propose(self, query):
        Spends.now_s += self.spent_s
        return super().propose(query)


@pytest.fixture
def shop():
    shop = Shop()
    for name in "abcdefgh":
        shop.item(name)
    return shop


async def retrieve(shop, sources, timeout_s=5.0, asked=(), **query):
    retriever = Retriever(shop.catalogue, sources, QUOTAS, monotonic=lambda: Spends.now_s)
    return await retriever.retrieve(shop.query(**query), timeout_s, asked)


def told(shop, found):
    merged = found.candidates
    return [
        (shop.names[no], source)
        for no, source in zip(merged.offer_nos.tolist(), merged.sources.tolist(), strict=True)
    ]


async def test_sources_are_interleaved_by_their_weight(shop):
    found = await retrieve(shop, {AGAIN: Says([1, 2, 3]), SESSION: Says([4, 5, 6, 7])})
    assert [name for name, _ in told(shop, found)] == ["d", "a", "e", "f", "b", "g", "c"]


async def test_what_two_propose_belongs_to_the_more_personal(shop):
    found = await retrieve(shop, {AGAIN: Says([2]), POPULAR: Says([1, 2])})
    assert sorted(told(shop, found)) == [("a", POPULAR), ("b", AGAIN)]


async def test_a_family_comes_once(shop):
    shop.item("a in red", of="a")
    found = await retrieve(shop, {SESSION: Says([9]), POPULAR: Says([1, 2])})
    assert told(shop, found) == [("a in red", SESSION), ("b", POPULAR)]


async def test_the_limit_is_kept_and_one_source_fills_what_another_leaves(shop):
    found = await retrieve(shop, {AGAIN: Says([1]), POPULAR: Says([2, 3, 4, 5])}, limit=4)
    assert [name for name, _ in told(shop, found)] == ["a", "b", "c", "d"]


async def test_a_source_that_cannot_answer_costs_only_its_own_candidates(shop):
    found = await retrieve(shop, {AGAIN: Fails([1]), POPULAR: Says([2])})
    assert told(shop, found) == [("b", POPULAR)]
    assert [(r.source, r.failure) for r in found.reports] == [
        (AGAIN, "NOT_READY"),
        (POPULAR, ""),
    ]


@pytest.mark.parametrize(
    "mistake",
    [ValueError("shapes differ"), IndexError("7"), KeyError("x"), ZeroDivisionError(), TypeError()],
)
async def test_a_source_that_breaks_costs_only_its_own_candidates_and_is_told_of(shop, mistake):
    found = await retrieve(shop, {AGAIN: Breaks(mistake), POPULAR: Says([2])})
    assert told(shop, found) == [("b", POPULAR)]
    broken = found.reports[0]
    assert (broken.source, broken.failure, broken.defect) == (AGAIN, "DEFECT", mistake)


@pytest.mark.parametrize("nos", [[0], [1, 99], [-1]])
async def test_numbers_that_no_offer_has_are_taken_for_a_defect(shop, nos):
    found = await retrieve(shop, {AGAIN: Says(nos), POPULAR: Says([2])})
    assert told(shop, found) == [("b", POPULAR)]
    assert found.reports[0].failure == "DEFECT"


async def test_columns_of_different_lengths_are_taken_for_a_defect(shop):
    found = await retrieve(shop, {AGAIN: Tears([1, 3]), POPULAR: Says([2])})
    assert told(shop, found) == [("b", POPULAR)]
    assert "lengths" in str(found.reports[0].defect)


async def test_no_memory_is_not_taken_for_a_defect_of_one_source(shop):
    with pytest.raises(MemoryError):
        await retrieve(shop, {AGAIN: Breaks(MemoryError()), POPULAR: Says([2])})


async def test_the_last_source_answers_late_rather_than_nobody(shop):
    found = await retrieve(shop, {SESSION: Spends([]), POPULAR: Says([2])}, timeout_s=0.5)
    assert told(shop, found) == [("b", POPULAR)]
    assert found.reports[-1].failure == ""


async def ask_often(shop, sources, timeout_s, times=8):
    """Ask the same sources again and again; return what the last answer was."""
    retriever = Retriever(shop.catalogue, sources, QUOTAS, monotonic=lambda: Spends.now_s)
    for _ in range(times):
        found = await retriever.retrieve(shop.query(), timeout_s)
    return found


def failures(found):
    return {each.source: each.failure for each in found.reports}


async def test_a_source_that_takes_too_long_costs_only_its_own_candidates(shop):
    sources = {
        AGAIN: Says([1]),
        SESSION: Spends([2], 0.030),
        OFFER: Spends([3], 0.001),
        POPULAR: Spends([4], 0.001),
    }
    found = await ask_often(shop, sources, 0.020)
    assert [name for name, _ in told(shop, found)] == ["a", "c", "d"]
    assert failures(found) == {AGAIN: "", SESSION: "NO_TIME_LEFT", OFFER: "", POPULAR: ""}


async def test_all_are_asked_where_there_is_time_for_all(shop):
    sources = {SESSION: Spends([2], 0.030), POPULAR: Spends([4], 0.001)}
    found = await ask_often(shop, sources, 0.040)
    assert set(failures(found).values()) == {""}


async def test_the_time_of_the_last_source_is_kept_back_from_all_others(shop):
    slow = Spends([1], 0.001)
    sources = {AGAIN: slow, SESSION: Spends([2], 0.002), POPULAR: Spends([4], 0.010)}
    retriever = Retriever(shop.catalogue, sources, QUOTAS, monotonic=lambda: Spends.now_s)
    for _ in range(8):
        await retriever.retrieve(shop.query(), 1.0)
    slow.spent_s = 0.012  # of 20 ms, for the first time
    found = await retriever.retrieve(shop.query(), 0.020)
    assert failures(found) == {AGAIN: "", SESSION: "NO_TIME_LEFT", POPULAR: ""}
    assert [name for name, _ in told(shop, found)] == ["a", "d"]


async def test_nothing_proposed_is_an_empty_list(shop):
    found = await retrieve(shop, {POPULAR: Says([])})
    assert told(shop, found) == []


async def test_personal_sources_are_left_out_where_nothing_personal_is_wanted(shop):
    sources = {AGAIN: Says([1], is_personal=True), POPULAR: Says([2])}
    assert told(shop, await retrieve(shop, sources, is_personal=False)) == [("b", POPULAR)]
    assert len(told(shop, await retrieve(shop, sources))) == 2


async def test_what_is_in_view_or_in_the_cart_is_not_proposed_nor_its_variants(shop):
    shop.item("a in red", of="a")
    shop.offer("sale")
    found = await retrieve(shop, {POPULAR: Says([1, 2, 10])}, cart_nos=(shop.no("a in red"),))
    assert [name for name, _ in told(shop, found)] == ["b", "sale"]
    found = await retrieve(shop, {POPULAR: Says([1, 2, 10])}, in_view=["a in red"])
    assert [name for name, _ in told(shop, found)] == ["b", "sale"]


def shoes():
    shop = Shop()
    for number, size in enumerate(("41", "42", "43"), start=1):
        shop.item(f"shoe {size}", of="shoe 41" if number > 1 else "", size=size, stock=3)
    shop.item("worn", size="42")
    shop.item("hat")
    return shop


async def test_a_person_is_offered_their_own_size():
    shop = shoes()
    sources = {POPULAR: Says([1, 5])}
    found = await retrieve(shop, sources, person=shop.person(sizes=["worn"]))
    assert [name for name, _ in told(shop, found)] == ["shoe 42", "hat"]
    found = await retrieve(shop, sources, person=shop.person())
    assert [name for name, _ in told(shop, found)] == ["shoe 41", "hat"]


async def test_where_the_own_size_is_sold_out_the_next_product_is_offered():
    shop = Shop()
    shop.item("shoe 41", size="41")
    shop.item("shoe 42", of="shoe 41", size="42", stock=0)
    shop.item("worn", size="42")
    found = await retrieve(shop, {POPULAR: Says([1, 3])}, person=shop.person(sizes=["worn"]))
    assert told(shop, found) == [("worn", POPULAR)]


async def test_columns_stay_together(shop):
    found = (await retrieve(shop, {AGAIN: Says([1, 2]), POPULAR: Says([2, 3])})).candidates
    by_name = dict(zip(found.offer_nos.tolist(), found.scores.tolist(), strict=True))
    assert by_name == {1: 1.0, 2: 0.5, 3: 0.5}
    assert set(found.evidence_counts.tolist()) == {7}


async def at_quality(shop, quality, may_be_spared):
    """Ask at a quality, once it is known what each source takes."""
    sources = {AGAIN: Spends([1], 0.004), SESSION: Spends([2], 0.001), POPULAR: Spends([3], 0.001)}
    retriever = Retriever(
        shop.catalogue,
        sources,
        QUOTAS,
        may_be_spared=may_be_spared,
        monotonic=lambda: Spends.now_s,
    )
    for _ in range(100):
        await retriever.retrieve(shop.query(), 1.0)
    return await retriever.retrieve(shop.query(), 1.0, quality=quality)


async def test_at_a_lower_quality_the_dearest_source_is_left_out_and_told_of(shop):
    found = await at_quality(shop, 0.8, {AGAIN, SESSION})
    assert {name for name, _ in told(shop, found)} == {"b", "c"}
    assert [(r.source, r.candidates) for r in found.reports if r.failure == "SPARED"] == [
        (AGAIN, 0)
    ]


async def test_what_may_not_be_spared_is_asked_at_any_quality(shop):
    found = await at_quality(shop, 0.25, {SESSION})
    assert {name for name, _ in told(shop, found)} == {"a", "c"}


async def test_at_full_quality_every_source_is_asked(shop):
    found = await at_quality(shop, 1.0, {AGAIN, SESSION, POPULAR})
    assert {name for name, _ in told(shop, found)} == {"a", "b", "c"}
