"""What is proposed for a later order."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.successor_model import SuccessorModel
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.sources.bought_next import BoughtNext
from tests.unit.retrieval.learned import ITEMS, ExactIndex, learned


def model_of(shop, *pairs, buyers=100):
    """Make a model of pairs (bought, bought next, persons of a hundred), within thirty days."""
    pairs = [(shop.no(one), shop.no(other), count) for one, other, count in pairs]
    pairs.sort(key=lambda pair: (pair[0], -pair[2]))
    nos = np.arange(1, len(shop.names), dtype=np.uint32)
    successors = SuccessorModel(
        offer_nos=nos,
        buyers=np.full(len(nos), buyers, np.uint32),
        starts=np.array([one for one, *_ in pairs]).searchsorted(np.arange(1, len(nos) + 2)),
        next_nos=np.array([other for _, other, _ in pairs], np.uint32),
        chances=np.array([count / 100 for *_, count in pairs], np.float32),
        counts=np.array([count for *_, count in pairs], np.uint32),
        window_days=30.0,
    )
    assert successors.fits()
    return ServedModel.of("test", replace(learned(ITEMS), successors=successors), ExactIndex)


def ask(shop, model, *, owned=(), **query):
    person = shop.person(owned=[(name, days, 1, 0.0) for name, days in owned])
    return shop.ask(BoughtNext(shop.catalogue), person=person, model=model, **query)


def asked(shop, *args, **query):
    return shop.told(ask(shop, *args, **query))


@pytest.fixture
def model(sports):
    return model_of(sports, ("shoes", "socks", 12), ("shoes", "watch", 8), ("bike", "helmet", 30))


def test_what_follows_the_last_purchase_is_proposed_with_its_evidence(sports, model):
    proposals = ask(sports, model, owned=[("shoes", 3)])
    assert sports.told(proposals) == ["socks", "watch"]
    assert proposals.evidence_nos.tolist() == [sports.no("shoes")] * 2
    assert proposals.evidence_counts.tolist() == [12, 8]
    assert proposals.evidence_totals.tolist() == [100, 100]
    assert set(proposals.evidence_kinds.tolist()) == {EvidenceKind.BOUGHT_NEXT}
    assert 0 < proposals.scores[1] < proposals.scores[0] < 1


def test_what_is_owned_in_view_or_in_the_cart_is_not_next(sports, model):
    assert asked(sports, model, owned=[("shoes", 3), ("socks", 1)]) == ["watch"]
    assert asked(sports, model, owned=[("shoes", 3)], in_view=["socks"]) == ["watch"]
    cart = (sports.no("socks"),)
    assert asked(sports, model, owned=[("shoes", 3)], cart_nos=cart) == ["watch"]


def test_a_purchase_longer_ago_than_the_window_leads_nowhere(sports, model):
    assert asked(sports, model, owned=[("shoes", 29)]) == ["socks", "watch"]
    assert asked(sports, model, owned=[("shoes", 31)]) == []


def test_the_older_purchase_and_the_item_in_view_count_less(sports):
    model = model_of(sports, ("shoes", "socks", 12), ("bike", "helmet", 12))
    assert asked(sports, model, owned=[("shoes", 20), ("bike", 1)]) == ["helmet", "socks"]
    assert asked(sports, model, owned=[("shoes", 20)], in_view=["bike"]) == ["socks", "helmet"]


def test_a_visitor_looking_at_something_hears_what_is_bought_after_it(sports, model):
    found = sports.asked(BoughtNext(sports.catalogue), model=model, person=None, in_view=["bike"])
    assert found == ["helmet"]


def test_what_two_purchases_lead_to_comes_once_by_the_stronger(sports):
    model = model_of(sports, ("shoes", "watch", 20), ("bike", "watch", 10))
    proposals = ask(sports, model, owned=[("bike", 1), ("shoes", 1)])
    assert sports.told(proposals) == ["watch"]
    assert proposals.evidence_nos.tolist() == [sports.no("shoes")]


def test_shares_of_a_few_buyers_are_not_told(sports):
    model = model_of(sports, ("shoes", "socks", 5), buyers=9)
    proposals = ask(sports, model, owned=[("shoes", 1)])
    assert (proposals.evidence_counts.tolist(), proposals.evidence_totals.tolist()) == ([5], [0])


def test_another_variant_stands_for_what_is_sold_out(sports):
    sports.item("socks, long", "Sports > Running", of="socks")
    sports.catalogue.stock[sports.no("socks")] = 0
    model = model_of(sports, ("shoes", "socks", 12))
    assert asked(sports, model, owned=[("shoes", 1)]) == ["socks, long"]


def test_unknown_families_and_an_untrained_shop_have_no_successors(sports, model):
    person = sports.person(owned=[("shoes", 1, 1, 0.0)])
    person.owned_family_nos[0] = 99_999
    source = BoughtNext(sports.catalogue)
    assert sports.asked(source, person=person, model=model) == []
    assert sports.asked(source, person=person, model=None) == []
    untrained = ServedModel.of("test", learned(ITEMS), ExactIndex)
    assert asked(sports, untrained, owned=[("shoes", 1)], in_view=["bike"]) == []


def test_the_limit_is_kept(sports, model):
    assert asked(sports, model, owned=[("shoes", 3)], limit=1) == ["socks"]
