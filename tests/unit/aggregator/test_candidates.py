"""Joining and picking candidates."""

import pytest

from services.aggregator.domain.candidates import Candidates, Proposal, joined, of_source
from services.aggregator.domain.vocabulary import Source


def columns(*offer_nos, source=Source.POPULAR):
    size = len(offer_nos)
    ones = [1] * size
    return Candidates(list(offer_nos), [source] * size, [0.5] * size, ones, ones, ones)


def test_picking_keeps_the_columns_together():
    found = Candidates([7, 8, 9], [1, 2, 3], [0.1, 0.2, 0.3], [4, 5, 6], [1, 2, 3], [9, 8, 7])
    assert found.pick([2, 0]) == Candidates([9, 7], [3, 1], [0.3, 0.1], [6, 4], [3, 1], [7, 9])


@pytest.mark.parametrize("indexes", [[1], [1, 0]])
def test_without_evidence_there_is_none_to_pick(indexes):
    found = columns(7, 8).without_evidence().pick(indexes)
    assert found == Candidates(
        [7 + at for at in indexes],
        [Source.POPULAR] * len(indexes),
        [0.5] * len(indexes),
        [],
        [],
        [],
    )


def test_what_is_added_counts_on_from_the_last():
    assert columns(1, 2).and_then(columns(3)).offer_nos == [1, 2, 3]


def test_lists_are_joined_without_repetition_and_the_first_stays():
    whole = joined([columns(1, 2), columns(2, 3, source=Source.OFFER), columns(1)])
    assert whole.offer_nos == [1, 2, 3]
    assert whole.sources == [Source.POPULAR, Source.POPULAR, Source.OFFER]


def test_joining_nothing_is_nothing():
    assert len(joined([])) == 0
    assert len(joined([Candidates()])) == 0


def test_what_is_left_out_is_gone_from_every_column():
    left = columns(1, 2, 3).without([2, 9])
    assert left.offer_nos == [1, 3]
    assert len(left.scores) == 2


def test_repeated_defaults_are_proposed_once():
    assert of_source([5, 4, 5], Source.DEFAULT).offer_nos == [5, 4]


def test_what_follows_a_proposal_does_not_repeat_it():
    proposal = Proposal(columns(2, source=Source.JOURNEY), levers={2: 3.0})
    whole = proposal.followed_by(columns(1, 2, 3))
    assert whole.candidates.offer_nos == [2, 1, 3]
    assert whole.candidates.sources[0] == Source.JOURNEY
    assert whole.levers == {2: 3.0}


def test_levers_of_journeys_multiply_those_of_rules():
    proposal = Proposal(levers={2: 3.0})
    assert proposal.levers_of([1, 2], []) == [1.0, 3.0]
    assert proposal.levers_of([1, 2], [2.0, 2.0]) == [2.0, 6.0]
    assert Proposal().levers_of([1, 2], []) == []


def test_a_journey_fills_only_the_placements_it_names():
    proposal = Proposal(placements={2: frozenset({"b"})})
    assert proposal.bits_of([1, 2], [0b11, 0b11], ["a", "b"]) == [0b11, 0b10]
    assert proposal.bits_of([2], [0b01], ["a", "b"]) == [0]
