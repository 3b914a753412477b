"""PEOPLE_LIKE_YOU: what people of the same taste bought."""

from services.retrieval.domain.sources.people_like_you import PeopleLikeYou
from tests.unit.retrieval.learned import RUNNING, ask, model_of

CROWD = {
    "ada": (RUNNING, [1]),
    "bea": ((0.9, 0.1), [1, 2]),
    "cem": ((0.8, 0.0), [2, 3]),
    "dia": ((0.7, 0.1), [2, 4]),
    "eve": ((-0.1, 0.9), [4, 5]),
    "fay": ((-0.2, 0.8), [4, 5]),
    "gil": ((-0.1, 0.7), [4, 5]),
}
BUYERS = {1: 2, 2: 3, 3: 1, 4: 4, 5: 3}


def found(sports, buyers=BUYERS, **fields):
    model = model_of(CROWD, buyers=buyers)
    return ask(sports, PeopleLikeYou(), model, **fields)


def test_what_the_like_bought_is_proposed_with_how_many_of_them(sports):
    proposals = found(sports)
    assert sports.told(proposals) == ["socks"]
    assert (proposals.evidence_counts[0], proposals.evidence_totals[0]) == (3, 3)
    assert sports.told(found(sports, ids=["eve"])) == ["helmet", "bike"]


def test_what_one_of_them_bought_or_everybody_buys_anyway_is_left_out(sports):
    assert sports.told(found(sports, {**BUYERS, 2: 7})) == []


def test_what_the_person_has_is_no_news(sports):
    assert sports.told(found(sports, owned=["socks"])) == []


def test_the_person_is_not_counted_among_those_like_them(sports):
    crowd = {"ada": (RUNNING, [3]), "bea": (RUNNING, [3])}
    proposals = ask(sports, PeopleLikeYou(), model_of(crowd))
    assert sports.told(proposals) == []
    crowd["cem"] = (RUNNING, [3])
    proposals = ask(sports, PeopleLikeYou(), model_of(crowd))
    assert (sports.told(proposals), proposals.evidence_counts.tolist()) == (["watch"], [2])


def test_nobody_is_said_to_be_like_a_visitor_of_one_click(sports):
    assert sports.told(found(sports, ids=["new"], seen=["shoes"])) == []
    seen = ["shoes", "socks", "watch"]
    assert sports.told(found(sports, ids=["new"], seen=seen)) != []


def test_without_a_model_there_is_nothing_to_propose(sports):
    assert sports.asked(PeopleLikeYou(), person=sports.person()) == []
