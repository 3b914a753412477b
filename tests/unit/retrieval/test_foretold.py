"""What nobody dealt with yet is proposed to those whose taste its content foretells."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain import cold_items
from services.retrieval.domain.cold_items import ColdItems
from services.retrieval.domain.contents import GrowingContents
from services.retrieval.domain.learning.content import DIMENSIONS
from services.retrieval.domain.learning.model import ContentFit
from services.retrieval.domain.sources.for_you import ForYou
from tests.unit.retrieval.learned import CYCLING, RUNNING, ExactIndex, ask, model_of

RUNNERS, CYCLISTS = 0, 1
"""Dimensions of contents, and of tastes, that things for each have."""
PEOPLE = {"ada": (RUNNING, [1]), "bob": (CYCLING, [4])}


def content(*dimensions):
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[list(dimensions)] = 1.0 / np.sqrt(len(dimensions))
    return vector


def fitted(cosine=0.8):
    """Return a model that foretells the tastes of runners and cyclists from contents."""
    model = model_of(PEOPLE)
    to_taste = np.zeros((DIMENSIONS + 1, 2), np.float32)
    to_taste[[RUNNERS, CYCLISTS], [RUNNERS, CYCLISTS]] = 1.0
    fit = ContentFit(to_taste, cosine, 0.5, 1.0)
    return replace(model, learned=replace(model.learned, fit=fit))


def placed(model, contents):
    growing = GrowingContents(ExactIndex, cold=ColdItems(model))
    growing.put(np.array(list(contents)), np.stack(list(contents.values())))
    return growing.current


def proposed(sports, person, model=None, **query):
    model = model or fitted()
    contents = {no: content(RUNNERS if no < 4 else CYCLISTS) for no in range(1, 7)}
    contents |= {sports.no("spikes"): content(RUNNERS), sports.no("saddle"): content(CYCLISTS)}
    query = {"ids": (person,), "contents": placed(model, contents), **query}
    return ask(sports, ForYou(), model, **query)


def is_any(family_nos):
    return np.ones(len(family_nos), np.bool_)


@pytest.fixture
def shop(sports):
    sports.item("spikes", "Sports > Running")
    sports.item("saddle", "Sports > Cycling")
    return sports


@pytest.mark.parametrize(("person", "new"), [("ada", "spikes"), ("bob", "saddle")])
def test_what_is_new_is_proposed_to_whose_taste_it_is_with_what_they_bought(shop, person, new):
    proposals = proposed(shop, person, limit=10)
    at = shop.told(proposals).index(new)
    assert proposals.evidence_nos[at] == {"ada": 1, "bob": 4}[person]
    assert (np.diff(proposals.scores) <= 0).all()
    assert len({"spikes", "saddle"} & set(shop.told(proposals))) == 1


def test_beside_an_item_in_view_likeness_tells_of_what_is_new(shop):
    assert "spikes" not in shop.told(proposed(shop, "ada", in_view=["shoes"]))


def test_the_less_contents_foretell_the_further_behind_it_stands(shop):
    places = []
    for cosine in (1.0, 0.3):
        names = shop.told(proposed(shop, "ada", fitted(cosine)))
        places.append(names.index("spikes"))
    assert places[0] < places[1]


def test_what_is_owned_or_sold_out_is_not_proposed(shop):
    assert "spikes" not in shop.told(proposed(shop, "ada", owned=["spikes"]))
    shop.catalogue.stock[shop.no("spikes")] = 0
    assert "spikes" not in shop.told(proposed(shop, "ada"))


def test_where_nearly_all_that_is_new_is_sold_out_the_rest_is_found(shop):
    model = fitted()
    new = {shop.item(f"sold out {at}", stock=0): content(RUNNERS) for at in range(60)}
    new[shop.item("left", stock=1)] = content(RUNNERS, CYCLISTS)
    assert "left" in shop.told(proposed(shop, "ada", model, contents=placed(model, new)))


def test_tastes_foretold_in_the_space_of_another_model_are_not_compared(shop):
    other = placed(fitted(), {shop.no("spikes"): content(RUNNERS)})
    assert "spikes" not in shop.told(proposed(shop, "ada", contents=other))


def test_of_many_new_things_the_latest_are_kept(monkeypatch):
    monkeypatch.setattr(cold_items, "MOST", 3)
    cold = ColdItems(fitted())
    for no in (11, 12, 13, 11, 14):
        cold.put(np.array([no]), content(RUNNERS)[np.newaxis])
    cold.put(np.array([12, 1]), np.stack([content(CYCLISTS), content(CYCLISTS)]))
    families, products = cold.best(np.array(CYCLING, np.float32), 9, is_any)
    assert families[0] == 12
    assert products.tolist() == [1.0, 0.0, 0.0]
    assert set(families.tolist()) == {12, 13, 14}
