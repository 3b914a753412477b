"""FOR_YOU: what is nearest to a taste."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.for_you import ForYou
from services.retrieval.domain.taste import taste_of
from services.retrieval.storage.indexes import build_index
from services.retrieval.storage.vectors.building import built_in_lists
from shared.catalogue import Fence
from tests.unit.retrieval.learned import CYCLING, RUNNING, ask, asked, learned, model_of, served
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


def test_what_is_nearest_to_the_taste_comes_first(sports):
    model = model_of({"ada": (RUNNING, []), "bob": (CYCLING, [])})
    assert asked(sports, ForYou(), model)[:3] == ["shoes", "socks", "watch"]
    assert asked(sports, ForYou(), model, ids=["bob"])[:3] == ["bike", "helmet", "pump"]


def test_what_the_person_has_is_left_out_and_others_move_up(sports):
    model = model_of({"ada": (RUNNING, [1])})
    found = asked(sports, ForYou(), model, owned=["shoes", "socks"], limit=1)
    assert found == ["watch"]


def test_scores_rise_with_the_taste_and_the_best_are_near_1(sports):
    model = model_of({"ada": ((2.0, -1.0), []), "bob": ((1.0, -1.0), [])})
    scores = ask(sports, ForYou(), model).scores.tolist()
    assert scores == sorted(scores, reverse=True)
    assert 0.0 < scores[-1] < scores[0] < 1.0
    assert scores[0] > 0.8
    assert scores[0] > ask(sports, ForYou(), model, ids=["bob"]).scores[0]


def test_scores_do_not_depend_on_how_rarely_anything_is_bought(sports):
    model = model_of({"ada": (RUNNING, [])})
    rare = model_of({"ada": (RUNNING, [])}, constant=-5.0)
    likely, unlikely = (ask(sports, ForYou(), each).scores for each in (model, rare))
    assert unlikely[0] == pytest.approx(likely[0], abs=0.02)


def test_what_was_bought_before_the_training_is_no_news(sports):
    model = model_of({"ada": (RUNNING, [1, 2])})
    assert asked(sports, ForYou(), model)[0] == "watch"


def test_the_evidence_is_the_thing_bought_that_lies_nearest(sports):
    model = model_of({"ada": ((1.0, 1.0), [3, 6])})
    proposals = ask(sports, ForYou(), model)
    because = dict(zip(sports.told(proposals), proposals.evidence_nos.tolist()))
    assert (because["shoes"], because["bike"]) == (sports.no("watch"), sports.no("pump"))


def test_what_lies_far_from_all_that_was_bought_has_no_evidence(sports):
    model = model_of({"ada": (RUNNING, [6])})
    proposals = ask(sports, ForYou(), model, seen=["watch"])
    because = dict(zip(sports.told(proposals), proposals.evidence_nos.tolist()))
    assert (because["shoes"], because["bike"]) == (0, sports.no("pump"))


def test_only_what_is_to_be_had_is_proposed(sports):
    sports.item("shoes, red", of="shoes", stock=3)
    sports.catalogue.stock[sports.no("shoes")] = 0
    sports.catalogue.stock[sports.no("socks")] = 0
    found = asked(sports, ForYou(), model_of({"ada": (RUNNING, [])}))
    assert found[0] == "shoes, red"
    assert "socks" not in found


def test_where_nearly_all_is_sold_out_the_nearest_of_what_is_left_are_all_proposed():
    shop, count = Shop(), 2_000
    left = range(3, count + 1, 40)
    for no in range(1, count + 1):
        shop.item(f"item {no}", stock=1 if no in left else 0)
    factors = {no: (1.0 - no / count, 0.1) for no in range(1, count + 1)}
    hot = {no: [(other, 1.0, 3) for other in range(1, 301)] for no in (1, 2)}
    model = served(factors, {"ada": (RUNNING, [1, 2])}, neighbours=hot)
    found = ask(shop, ForYou(), model, limit=40).offer_nos.tolist()
    assert found == list(left)[:40]


def test_where_what_is_near_is_sold_out_that_which_comes_next_is_proposed():
    shop, count = Shop(), 6_000
    for no in range(1, count + 1):
        shop.item(f"item {no}", stock=0 if no <= 500 else 1)
    factors = {no: (1.0 - no / count, 0.1) for no in range(1, count + 1)}
    model = served(factors, {"ada": (RUNNING, [])}, buyers={no: no for no in factors})
    found = ask(shop, ForYou(), model, limit=20).offer_nos.tolist()
    assert set(found) & set(range(501, 801))


def in_lists(rows):
    return built_in_lists(rows, rows[:50]) if len(rows) > 1_000 else build_index(rows)


@pytest.mark.parametrize("build", [build_index, in_lists])
def test_within_a_fence_the_search_still_finds_as_many_as_are_wanted(build):
    shop, count = Shop(), 1_500
    for no in range(1, count + 1):
        shop.item(f"item {no}", "Wine > Red" if no % 25 == 0 else "Food")
    vectors = np.random.default_rng(4).normal(size=(count, 8)).astype(np.float32)
    factors = {no: vectors[no - 1] for no in range(1, count + 1)}
    model = ServedModel.of("test", learned(factors, {"ada": (vectors[7], [])}), build)
    query = shop.query(model=model, taste=taste_of(model, ["ada"], (), ()), limit=40)
    fence = Fence.of(["Wine"], [])
    within = query.showing.narrowed(fence, partial(fence.holds, shop.catalogue))
    fenced = replace(query, showing=within)
    found = ForYou().propose(fenced).offer_nos
    red = np.arange(25, count + 1, 25)
    best = red[(-(vectors[red - 1] @ vectors[7])).argsort()]
    assert found.tolist() == best[:40].tolist()


def test_a_visitor_is_met_by_what_they_looked_at(sports):
    model = model_of({"ada": (RUNNING, [1])})
    assert asked(sports, ForYou(), model, ids=["new"], seen=["pump"])[0] == "bike"
    assert asked(sports, ForYou(), model, ids=["new"], seen=["watch"])[0] == "shoes"


def test_a_visit_moves_a_known_taste(sports):
    model = model_of({"ada": ((0.5, 0.3), [6])})
    assert asked(sports, ForYou(), model)[0] == "shoes"
    seen = asked(sports, ForYou(), model, seen=["bike", "helmet", "pump"])
    assert seen[0] == "bike"


def test_persons_that_are_one_count_by_what_was_learned_of_each(sports):
    model = model_of({"ada": (RUNNING, [2, 3]), "web": (CYCLING, [6])})
    found = asked(sports, ForYou(), model, ids=["ada", "web"])
    assert found == ["shoes", "helmet", "bike"]
    model = model_of({"ada": (RUNNING, [2]), "web": (CYCLING, [5, 6])})
    found = asked(sports, ForYou(), model, ids=["ada", "web"])
    assert found == ["bike", "shoes", "watch"]


@pytest.mark.parametrize("change", [{"kinds": frozenset({OfferKind.SURVEY})}, {"taste": None}])
def test_nothing_is_proposed_where_it_is_not_wanted_or_nothing_is_known(sports, change):
    model = model_of({"ada": (RUNNING, [1])})
    taste = taste_of(model, ["ada"], (), ())
    query = replace(sports.query(model=model, taste=taste), **change)
    assert len(ForYou().propose(query).offer_nos) == 0
    assert len(ForYou().propose(sports.query(model=model, taste=taste)).offer_nos) > 0


def test_without_a_model_there_is_nothing_to_propose(sports):
    assert sports.asked(ForYou()) == []
