"""SIMILAR: alike in title, category and brand."""

import pytest

from services.retrieval.domain.sources.similar import Similar
from tests.unit.retrieval.learned import ask, model_of

CONTENT = {1: (1, 0), 2: (0.9, 0.43), 3: (0.8, 0.6), 4: (0, 1), 5: (0.1, 0.99), 6: (-1, 0)}


def found(sports, **fields):
    model = model_of(content=CONTENT)
    return ask(sports, Similar(sports.catalogue), model, **fields)


def test_what_is_alike_comes_with_what_it_is_like(sports):
    proposals = found(sports, in_view=["shoes"])
    assert sports.told(proposals) == ["socks", "watch"]
    assert proposals.evidence_nos.tolist() == [1, 1]
    assert proposals.scores.tolist() == pytest.approx([0.9, 0.8])


def test_without_anything_in_view_it_is_like_what_was_looked_at_last(sports):
    assert sports.told(found(sports, seen=["bike"]))[0] == "helmet"
    assert sports.told(found(sports, seen=["bike"], in_view=["shoes"]))[0] == "socks"


def test_of_several_looked_at_the_nearest_counts_and_none_of_them_comes_back(sports):
    proposals = found(sports, in_view=["shoes", "bike"])
    assert sports.told(proposals) == ["socks", "helmet", "watch"]
    assert proposals.evidence_nos.tolist() == [1, 4, 1]


def test_somebody_who_looked_at_nothing_gets_nothing(sports):
    assert sports.told(found(sports)) == []


def test_without_a_model_there_is_nothing_to_propose(sports):
    assert sports.asked(Similar(sports.catalogue), in_view=["shoes"]) == []
