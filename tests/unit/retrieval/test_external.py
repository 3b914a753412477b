"""What of a plug-in's answer is taken, and how long it is waited for."""

import asyncio

import numpy as np
import pytest

from services.retrieval.domain.external import (
    EXTERNAL,
    RESTING,
    Answer,
    Asked,
    Offered,
    in_turns,
    take,
)
from services.retrieval.domain.query import Proposals
from services.retrieval.domain.retriever import LATE, Retriever
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import Source

QUOTAS = {Source.EXTERNAL: 2.0, Source.POPULAR: 1.0}


class Best:
    """Our own source, which proposes the first two items."""

    is_personal = False

    def propose(self, query):
        return Proposals.of(np.array([1, 2]), np.array([1.0, 0.5]))


@pytest.fixture
def shop():
    shop = Shop()
    for name in "abcd":
        shop.item(name)
    shop.item("gone", stock=0)
    shop.item("d in red", of="d")
    return shop


def offered(*rows, left_out=0):
    """Make an answer of (number, score) or (number, score, text)."""
    nos, scores = [row[0] for row in rows], [row[1] for row in rows]
    texts = [row[2] if len(row) > 2 else "" for row in rows]
    none = np.zeros(len(rows), np.uint32)
    return Offered(np.array(nos, np.int64), np.array(scores, float), none, texts, left_out)


def answered(plugin, *rows, timeout_s=1.0, failure=""):
    answer = asyncio.get_running_loop().create_future()
    answer.set_result(Answer(offered(*rows), 2.0, failure))
    return Asked(plugin, answer, timeout_s)


async def retrieve(shop, *asked, timeout_s=5.0, **query):
    retriever = Retriever(shop.catalogue, {Source.POPULAR: Best()}, QUOTAS)
    return await retriever.retrieve(shop.query(**query), timeout_s, asked)


def test_the_source_of_plug_ins_has_the_number_of_the_contract():
    assert Source.EXTERNAL == EXTERNAL


def test_what_cannot_be_taken_is_dropped_and_counted(shop):
    nan, inf = float("nan"), float("inf")
    rows = [(0, 0.9), (99, 0.9), (-5, 0.9), (1, nan), (2, inf), (5, 0.9), (3, 0.4), (3, 0.3)]
    found = take(offered(*rows, left_out=1000), shop.query(), shop.catalogue)
    assert shop.told(found.proposals) == ["c"]
    assert found.dropped == 1007


@pytest.mark.parametrize("beyond", [5_000, 15_000, 4_000_000_000])
def test_a_number_beyond_the_catalogue_costs_only_its_own_row(shop, beyond):
    found = take(offered((beyond, 0.9), (1, 0.5)), shop.query(), shop.catalogue)
    assert shop.told(found.proposals) == ["a"]
    assert found.dropped == 1


def test_scores_bring_into_order_and_end_at_0_and_1(shop):
    found = take(offered((1, -3.0), (2, 0.5), (3, 17.0)), shop.query(), shop.catalogue)
    assert shop.told(found.proposals) == ["c", "b", "a"]
    assert found.proposals.scores.tolist() == [1.0, 0.5, 0.0]


def test_thousands_of_rows_come_to_no_more_than_the_limit(shop):
    rows = [(1 + at % 4, 0.5) for at in range(5000)]
    found = take(offered(*rows), shop.query(limit=2), shop.catalogue)
    assert len(found.proposals.offer_nos) <= 2
    assert found.dropped >= 4998


def test_a_variant_stands_for_its_family_where_it_is_sold_out(shop):
    shop.item("d in blue", of="d", stock=0)
    found = take(offered((shop.no("d in blue"), 0.5)), shop.query(), shop.catalogue)
    assert shop.told(found.proposals) == ["d"]


def test_plug_ins_put_up_theirs_in_turns():
    lists = [Proposals.of(np.array(nos), np.ones(len(nos))) for nos in ([1, 2, 3], [4, 5])]
    assert in_turns(lists).offer_nos.tolist() == [1, 4, 2, 5, 3]
    assert in_turns([]).offer_nos.tolist() == []


async def test_candidates_of_plug_ins_keep_their_sentence_and_their_name(shop):
    found = await retrieve(shop, answered("editors", (3, 0.9, "Our pick"), (2, 0.8), (99, 1.0)))
    merged = found.candidates
    said = dict(zip(merged.offer_nos.tolist(), found.texts, strict=True))
    assert said == {3: "Our pick", 2: "", 1: ""}
    sources = dict(zip(merged.offer_nos.tolist(), merged.sources.tolist(), strict=True))
    assert sources == {3: EXTERNAL, 2: EXTERNAL, 1: Source.POPULAR}
    report = found.reports[-1]
    assert (report.plugin, report.candidates, report.dropped) == ("editors", 2, 1)


async def test_a_sentence_is_not_told_of_what_another_source_proposes(shop):
    found = await retrieve(shop, answered("editors", (5, 0.9, "Our pick")))
    assert found.texts == ()


async def test_a_plug_in_that_failed_says_so(shop):
    found = await retrieve(shop, answered("editors", failure="UNAVAILABLE"))
    assert found.candidates.offer_nos.tolist() == [1, 2]
    assert (found.reports[-1].source, found.reports[-1].failure) == (EXTERNAL, "UNAVAILABLE")


async def test_a_mistake_in_reading_an_answer_costs_only_that_answer(shop):
    broken = asyncio.get_running_loop().create_future()
    broken.set_exception(ValueError("shapes differ"))
    found = await retrieve(shop, Asked("odd", broken, 1.0), answered("fine", (3, 0.9)))
    assert set(found.candidates.offer_nos.tolist()) == {1, 2, 3}
    report = found.reports[1]
    assert (report.plugin, report.failure) == ("odd", "DEFECT")
    assert str(report.defect) == "shapes differ"


async def test_a_late_plug_in_is_not_waited_for_beyond_its_time(shop):
    never = asyncio.get_running_loop().create_future()
    found = await retrieve(
        shop, Asked("slow", never, 0.01), answered("quick", (3, 0.9)), timeout_s=60.0
    )
    assert set(found.candidates.offer_nos.tolist()) == {1, 2, 3}
    assert [(each.plugin, each.failure) for each in found.reports[1:]] == [
        ("slow", LATE),
        ("quick", ""),
    ]


async def test_one_that_is_left_alone_is_not_waited_for_at_all(shop):
    never = asyncio.get_running_loop().create_future()
    found = await retrieve(shop, Asked("ill", never, 0.0), timeout_s=60.0)
    assert found.reports[-1].failure == RESTING
