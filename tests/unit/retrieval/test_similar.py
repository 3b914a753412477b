"""SIMILAR: alike in title, category and brand."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning.model import ContentFit
from services.retrieval.domain.sources.similar import Similar
from tests.unit.retrieval.learned import ask, contents_of, model_of

CONTENT = {1: (1, 0), 2: (0.9, 0.43), 3: (0.8, 0.6), 4: (0, 1), 5: (0.1, 0.99), 6: (-1, 0)}


def found(sports, **fields):
    query = {"contents": contents_of(CONTENT), **fields}
    return ask(sports, Similar(sports.catalogue), model_of(), **query)


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


def test_without_a_model_contents_alone_tell_what_is_alike(sports):
    query = {"in_view": ["shoes"], "contents": contents_of(CONTENT)}
    assert sports.asked(Similar(sports.catalogue), **query) == ["socks", "watch"]


def test_what_was_not_placed_yet_is_like_nothing(sports):
    assert sports.asked(Similar(sports.catalogue), in_view=["shoes"]) == []


def mixed(sports, weight, **fields):
    """Ask a model of which contents and behaviour say different things about socks."""
    model = model_of(neighbours={1: [(2, 0.5, 3)]})
    fit = ContentFit(np.zeros((0, 0), np.float32), 0.5, 0.0, weight)
    model = replace(model, learned=replace(model.learned, fit=fit))
    contents = contents_of({no: each for no, each in CONTENT.items() if no != 2})
    query = {"contents": contents, **fields}
    return ask(sports, Similar(sports.catalogue), model, **query)


def test_contents_and_who_deals_with_things_count_as_training_found(sports):
    by_both = mixed(sports, 0.5, in_view=["shoes"])
    assert sports.told(by_both) == ["watch", "socks"]
    watch = 0.5 * 0.8 + 0.5 * 0.6 / np.hypot(0.6, 0.1)
    assert by_both.scores.tolist() == pytest.approx([watch, 0.5], abs=1e-4)
    assert sports.told(mixed(sports, 1.0, in_view=["shoes"])) == ["watch"]
    assert sports.told(mixed(sports, 0.0, in_view=["shoes"])) == ["socks", "watch"]


@pytest.mark.parametrize("weight", [0.2, 0.5, 1.0])
def test_what_nobody_dealt_with_counts_by_its_content_alone(sports, weight):
    new = sports.item("sandals", "Sports > Running")
    contents = contents_of({**CONTENT, new: (1, 0)})
    found = mixed(sports, weight, in_view=["shoes"], contents=contents)
    by_name = dict(zip(sports.told(found), found.scores.tolist(), strict=True))
    assert by_name["sandals"] == pytest.approx(1.0, abs=1e-4)
