"""OFFER: what an offer is about, beside what somebody would like."""

import pytest

from services.retrieval.domain.offer_tastes import offer_tastes
from services.retrieval.domain.popularity import Popularity
from services.retrieval.domain.shelf import Offers
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.sources.near_offers import NearOffers
from services.retrieval.domain.stacking import ancestors_of
from tests.unit.retrieval.learned import CYCLING, RUNNING, ExactIndex, ask, model_of
from touchpoint.common.v1.vocabulary_pb2 import Channel


@pytest.fixture
def offers(sports):
    sports.offer("run club", about=["Sports > Running"])
    sports.offer("helmet coupon", items=["helmet", "pump"])
    sports.offer("for all")
    return sports


def found(sports, factors, **fields):
    model = model_of({"ada": (factors, [1])})
    tastes = offer_tastes(
        Offers.of(sports.catalogue, 0).about,
        model,
        sports.catalogue.category_no[: sports.catalogue.size],
        ancestors_of(sports.catalogue.categories),
    )
    source = NearOffers(sports.catalogue)
    return ask(sports, source, model, offer_tastes=tastes, **fields)


def test_an_offer_about_what_somebody_would_like_comes_before_one_about_nothing(offers):
    assert offers.told(found(offers, RUNNING)) == ["run club", "for all"]
    assert offers.told(found(offers, CYCLING)) == ["helmet coupon", "for all"]


def test_what_is_in_view_outranks_taste(offers):
    proposals = found(offers, RUNNING, in_view=["helmet"])
    assert offers.told(proposals)[0] == "helmet coupon"


def test_an_offer_not_meant_for_the_channel_stays_away(offers):
    offers.offer("run by phone", about=["Sports > Running"], channels=[Channel.IVR])
    assert "run by phone" not in offers.told(found(offers, RUNNING))
    proposals = found(offers, RUNNING, channel=Channel.IVR)
    assert "run by phone" in offers.told(proposals)


def test_a_category_counts_with_all_below_it(offers):
    offers.offer("sports week", about=["Sports"])
    model = model_of({"ada": (RUNNING, [1])})
    catalogue = offers.catalogue
    placed = offer_tastes(
        Offers.of(catalogue, 0).about,
        model,
        catalogue.category_no[: catalogue.size],
        ancestors_of(catalogue.categories),
    )
    # The mean of everything is the middle, and so is about nobody's taste.
    assert {offers.names[no] for no in placed.offer_nos.tolist()} == {
        "run club",
        "helmet coupon",
    }


async def test_offers_stay_in_their_places_when_a_person_is_forgotten(offers):
    model = model_of({"ada": (RUNNING, [1])})
    shelves = Shelves(offers.catalogue, Sizes(), lambda: Popularity(0), lambda: 0, lambda: model)
    await shelves.restack()
    forgotten = model.forgetting(["ada"], ExactIndex)
    assert len(shelves.offer_tastes(forgotten).offer_nos) == 2
    other = model_of({"ada": (RUNNING, [1])})
    assert len(shelves.offer_tastes(other).offer_nos) == 0
    assert len(shelves.offer_tastes(None).offer_nos) == 0
