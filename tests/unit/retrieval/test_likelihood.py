"""How likely candidates are decides their order, whichever source proposes them."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.likelihood import Belief, Likelihoods
from services.retrieval.domain.merging import Merger
from services.retrieval.domain.query import Proposals
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.sources.buy_again import BuyAgain
from services.retrieval.domain.taste import taste_of
from tests.unit.retrieval.learned import asked, model_of
from tests.unit.retrieval.shop import NOW_US, Shop, ago_us
from touchpoint.common.v1.vocabulary_pb2 import Source

FOR_YOU, SESSION, POPULAR = Source.FOR_YOU, Source.IN_SESSION, Source.POPULAR
BELIEFS = {FOR_YOU: Belief(), SESSION: Belief(of_the_moment=0.9), POPULAR: Belief(otherwise=0.4)}
RUNNER = {"ada": ((1.0, 0.0), (1,))}


@pytest.fixture
def sports():
    shop = Shop()
    for name in ("shoe", "sock", "shirt", "bike", "helmet", "bell", "stranger"):
        shop.item(name)
    return shop


class Says:
    is_personal = False

    def __init__(self, *nos, score=0.5):
        self._nos, self._score = np.array(nos, np.int64), score

    def propose(self, query):
        return Proposals.of(self._nos, np.full(len(self._nos), self._score))


def merged(shop, sources, limit=50, model=None, **query):
    model = model or model_of(RUNNER)
    retriever = Retriever(
        shop.catalogue, sources, dict.fromkeys(sources, 1.0), Likelihoods(BELIEFS)
    )
    taste = taste_of(model, ["ada"], (), ())
    asked = shop.query(limit=limit, model=model, taste=taste, **query)
    found = asyncio.run(retriever.retrieve(asked, 5.0)).candidates
    return [shop.names[no] for no in found.offer_nos.tolist()], found.sources.tolist()


def test_the_likeliest_comes_first_whichever_source_proposes_it(sports):
    names, sources = merged(sports, {FOR_YOU: Says(6, 2), POPULAR: Says(1, 4)})
    assert names[:2] == ["shoe", "sock"]
    assert sources[:2] == [POPULAR, FOR_YOU]


def test_what_the_model_does_not_know_stands_by_what_its_source_says(sports):
    names, _ = merged(sports, {POPULAR: Says(7, 6, score=1.0), FOR_YOU: Says(1)})
    assert names.index("shoe") < names.index("stranger")


def test_a_source_of_the_moment_lifts_what_a_person_would_hardly_take_otherwise(sports):
    names, _ = merged(sports, {SESSION: Says(4, score=1.0), FOR_YOU: Says(2, 3)})
    assert names == ["bike", "sock", "shirt"]


def test_each_source_keeps_its_share_and_the_likeliest_take_the_rest(sports):
    names, _ = merged(sports, {FOR_YOU: Says(1, 2, 3), POPULAR: Says(6, 5, 4)}, limit=4)
    assert sorted(names) == sorted(["shoe", "sock", "shirt", "bell"])
    assert names[-1] == "bell"


def test_what_the_caller_excludes_gives_its_place_to_others(sports):
    names, _ = merged(sports, {FOR_YOU: Says(1, 2, 3)}, limit=2, excluded_nos=(1,))
    assert names == ["sock", "shirt"]


def test_without_anything_learned_the_turns_are_the_order(sports):
    sources = {FOR_YOU: Says(6, 2), POPULAR: Says(1, 4)}
    retriever = Retriever(sports.catalogue, sources, dict.fromkeys(sources, 1.0))
    found = asyncio.run(retriever.retrieve(sports.query(), 5.0)).candidates
    assert found.offer_nos.tolist() == [6, 1, 2, 4]


def test_what_takes_fewer_turns_than_its_source_leads_less():
    taste = replace(Proposals.of(np.array([1, 2]), np.ones(2)), turns=0.25)
    others = Proposals.of(np.array([3, 4]), np.ones(2))
    merger = Merger({SESSION: 8.0, POPULAR: 3.0})
    found = merger.merge({SESSION: taste, POPULAR: others}, np.zeros(9, np.uint32), 9)
    assert found.offer_nos.tolist() == [3, 1, 4, 2]


def test_what_is_owned_is_bought_again_only_where_that_is_what_people_do(sports):
    again, once = (model_of(RUNNER, own=own, trained_us=NOW_US) for own in (0.0, -9.0))
    assert asked(sports, BuyAgain(sports.catalogue), again, owned=["shoe"]) == ["shoe"]
    assert asked(sports, BuyAgain(sports.catalogue), once, owned=["shoe"]) == []


def test_what_was_bought_after_the_model_was_made_goes_by_the_rule(sports):
    model = model_of({"ada": ((0.0, 1.0), (6,))}, trained_us=ago_us(days=2))
    person = sports.person(owned=[("bike", 1, 5, 10.0), ("bell", 1, 5, 10.0)])
    query = {"person": person, "model": model, "taste": taste_of(model, ["ada"], (), ())}
    assert sports.asked(BuyAgain(sports.catalogue), **query) == []
    person.bought_minutes[1] = ago_us(days=8) // 60_000_000
    assert sports.asked(BuyAgain(sports.catalogue), **query) == ["bell"]
