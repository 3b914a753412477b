"""ALSO_BOUGHT: bought by those who bought the same."""

from services.retrieval.domain.sources.also_bought import AlsoBought
from tests.unit.retrieval.learned import ask, model_of

TOGETHER = {
    1: [(2, 0.4, 40), (3, 0.3, 4), (4, 0.4, 1)],
    5: [(2, 0.9, 3), (6, 0.7, 30)],
}


def found(sports, **fields):
    model = model_of(neighbours=TOGETHER, buyers={1: 100, 5: 60})
    return ask(sports, AlsoBought(sports.catalogue), model, **fields)


def test_neighbours_of_what_is_in_view_come_with_their_share(sports):
    proposals = found(sports, in_view=["shoes"])
    assert sports.told(proposals) == ["socks", "watch"]
    assert proposals.evidence_nos.tolist() == [sports.no("shoes")] * 2
    assert proposals.evidence_counts.tolist() == [40, 4]
    assert proposals.evidence_totals.tolist() == [100, 0]


def test_no_share_is_told_of_a_few_buyers(sports):
    model = model_of(neighbours=TOGETHER, buyers={1: 9, 5: 9})
    proposals = ask(sports, AlsoBought(sports.catalogue), model, in_view=["helmet"])
    assert sports.told(proposals) == ["socks", "pump"]
    assert proposals.evidence_totals.tolist() == [0, 0]


def test_what_several_bring_up_counts_once_for_the_closest(sports):
    proposals = found(sports, in_view=["shoes"], cart_nos=(sports.no("helmet"),))
    assert sports.told(proposals) == ["socks", "pump", "watch"]
    assert proposals.evidence_nos.tolist() == [5, 5, 1]


def test_what_lies_beside_it_in_the_cart_is_no_addition(sports):
    assert sports.told(found(sports, in_view=["shoes", "socks"])) == ["watch"]


def test_what_was_bought_last_brings_up_things_where_nothing_is_in_view(sports):
    proposals = found(sports, owned=["helmet"])
    assert sports.told(proposals) == ["socks", "pump"]
    in_view = found(sports, in_view=["helmet"])
    assert proposals.scores[0] < in_view.scores[0]


def test_what_was_bought_and_is_sold_out_since_still_brings_up_things(sports):
    sports.catalogue.stock[sports.no("helmet")] = 0
    assert sports.told(found(sports, owned=["helmet"])) == ["socks", "pump"]


def test_what_is_sold_out_is_left_out(sports):
    sports.catalogue.stock[sports.no("socks")] = 0
    assert sports.told(found(sports, in_view=["shoes"])) == ["watch"]


def test_without_anything_to_start_from_nothing_is_proposed(sports):
    assert sports.told(found(sports)) == []
    assert sports.told(found(sports, in_view=["pump"])) == []


def test_without_a_model_there_is_nothing_to_propose(sports):
    assert sports.asked(AlsoBought(sports.catalogue), in_view=["shoes"]) == []
